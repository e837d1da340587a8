/** What was built; `task compile` writes version and commit in. */
export const BUILD_INFO = {
  version: "v0.1.0",
  commit: "unreleased",
};
