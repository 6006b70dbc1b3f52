// Bundles the query page, and packs every asset that shrinks.
//
// In: index.html and src/. Out: dist/index.html, dist/assets/*-HASH.*, and NAME.gz beside each asset.
//
// Never here: where the assets are embedded (ui/build.rs), how they are served (the gateway).
//
// Holds: nothing points outside the gateway: no CDN, no font host. index.html stays unpacked, because the
// gateway fills in its placeholder.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  base: "/_graphloom/ide/",
  plugins: [react(), packAssets()],
  worker: { format: "es" },
  build: { target: "es2022", chunkSizeWarningLimit: 4096, reportCompressedSize: false },
});

function packAssets() {
  let folder;
  return {
    name: "graphloom-pack-assets",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir, config.build.assetsDir);
    },
    closeBundle() {
      for (const name of readdirSync(folder)) {
        const bytes = readFileSync(join(folder, name));
        const packed = gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION });
        if (packed.length < bytes.length * 0.9) writeFileSync(join(folder, `${name}.gz`), packed);
      }
    },
  };
}
