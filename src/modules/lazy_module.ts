import type { ProtocolModule } from "#core/ports.ts";

/** A module that is loaded only when a configuration switches it on: nobody waits at the start for what is not used. */
export function lazyModule<C>(
  name: string,
  isOn: (config: C) => boolean,
  load: () => Promise<ProtocolModule<C>>,
): ProtocolModule<C> {
  return {
    name,
    open: async (config, ports) =>
      isOn(config) ? (await load()).open(config, ports) : undefined,
  };
}
