import { testTargets } from "./short_form.ts";
import { FORMAT_TARGETS } from "./targets.ts";

testTargets(FORMAT_TARGETS);
