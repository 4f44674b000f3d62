// build.mjs - MAIN.js WIT-FOLDER OUT.wasm: makes the component; run by tools/get-js where componentize-js is installed.
import { componentize } from "@bytecodealliance/componentize-js";
import { writeFile } from "node:fs/promises";

const [sourcePath, witPath, out] = process.argv.slice(2);
const { component } = await componentize({ sourcePath, witPath, worldName: "http" });
await writeFile(out, component);
