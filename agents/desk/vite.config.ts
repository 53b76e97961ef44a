import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { baseCompile } from "@intlify/message-compiler";
import vue from "@vitejs/plugin-vue";
import { ElementPlusResolver } from "unplugin-vue-components/resolvers";
import Components from "unplugin-vue-components/vite";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

type Words = { [key: string]: string | Words };
type Compiled = { [key: string]: object };

// The catalogues become syntax trees here, so that no page carries a compiler: the strict policy forbids eval.
function compiled(words: Words): Compiled {
  const one = (value: string | Words) =>
    typeof value === "string" ? baseCompile(value, { jit: true, minify: true, optimize: true }).ast : compiled(value);
  return Object.fromEntries(Object.entries(words).map(([key, value]) => [key, one(value)]));
}

const catalogues: Plugin = {
  name: "catalogues",
  enforce: "pre",
  transform(code, id) {
    if (!/\/locales\/[\w-]+\.json$/.test(id)) return null;
    return { code: JSON.stringify(compiled(JSON.parse(code) as Words)), map: null };
  },
};

// Each file is pressed once, here; the server only picks the pressed one (agents/pages.py).
const pressed: Plugin = {
  name: "pressed",
  apply: "build",
  writeBundle({ dir }, bundle) {
    for (const name of Object.keys(bundle)) {
      const path = join(dir ?? "dist", name);
      const written = readFileSync(path); // as it was written: other plugins change the bundle to the last
      if (/\.(js|css|svg|html)$/.test(name) && written.length > 1000) writeFileSync(`${path}.gz`, gzipSync(written, { level: 9 }));
    }
  },
};

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  base: "/desk/",
  plugins: [
    catalogues,
    vue(),
    Components({ dts: false, dirs: [], resolvers: [ElementPlusResolver({ importStyle: "css" })] }),
    pressed,
  ],
  resolve: { alias: { "vue-i18n": "vue-i18n/dist/vue-i18n.runtime.esm-bundler.js" } },
  define: {
    __VUE_PROD_DEVTOOLS__: "false",
    __VUE_I18N_FULL_INSTALL__: "false",
    __VUE_I18N_LEGACY_API__: "false",
    __INTLIFY_DROP_MESSAGE_COMPILER__: "true",
    __INTLIFY_PROD_DEVTOOLS__: "false",
  },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      input: Object.fromEntries(["index", "wallboard", "supervisor", "booth", "admin", "recordings"].map((page) => [page, here(`./${page}.html`)])),
    },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
