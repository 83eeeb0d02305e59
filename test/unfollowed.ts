// Keeps `node:test` from following every promise: `npm test` loads this before every file.
//
// The runner wants to know in which test an error arose that nobody caught, and hooks into every promise of the process for
// that: up to a third of what a file costs. Without the hook such an error is one that arose outside of any test, which fails
// the file.
import hooks from 'node:async_hooks'
import { createRequire } from 'node:module'

const { createHook } = hooks
const unhooked: hooks.AsyncHook = { enable: () => unhooked, disable: () => unhooked }
hooks.createHook = () => unhooked
// It takes the function that it finds when it is loaded.
createRequire(import.meta.url)('node:test')
hooks.createHook = createHook
