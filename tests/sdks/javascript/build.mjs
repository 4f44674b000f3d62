// build.mjs - bundles app.js with its packages, as the template of Spin's SDK for JavaScript does.  Room: tests.
import { build } from "esbuild";
import { SpinEsbuildPlugin } from "@spinframework/build-tools/plugins/esbuild/index.js";

await build({
  entryPoints: ["app.js"],
  outfile: "bundle.js",
  bundle: true,
  format: "esm",
  platform: "node",
  plugins: [await SpinEsbuildPlugin()],
  logLevel: "error",
});
