import { main } from "#cli/main.ts";
import { commandLine, exitProcess } from "#platform/system.ts";

exitProcess(await main(commandLine()));
