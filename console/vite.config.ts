// The console is built to static files that the server hands out below /console.
import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/**
 * The global styles bring eight fonts inline, which is a third of the first page; the fonts of the system do. What is left of the
 * sheet is needed.
 */
const withoutFonts: Plugin = {
  name: 'without-fonts',
  enforce: 'pre',
  transform: (code, id) =>
    /global-styles\/index\.css/.test(id)
      ? { code: code.replaceAll(/@font-face\s*\{[^}]*\}/g, ''), map: null }
      : undefined,
}

// biome-ignore lint/style/noDefaultExport: Vite takes its configuration from the default export.
export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  plugins: [withoutFonts, react()],
  // What one file asks of another is relative, so that all of it works behind a prefix too; the server rewrites index.html.
  experimental: {
    renderBuiltUrl: (name, { hostType }) => (hostType === 'html' ? `/console/${name}` : { relative: true }),
  },
  build: {
    outDir: join(import.meta.dirname, '../dist/console'),
    emptyOutDir: true,
    target: 'es2023',
    // Nothing inline: the policy of contents permits no data of scripts, and a hash in the name makes files immutable.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What others wrote and we hand out, by its licences.
    license: { fileName: 'licenses.md' },
    chunkSizeWarningLimit: 2000,
  },
})
