// Keeps `node:test` from following every promise: `npm test` loads this before every file.
//
// The runner wants to know in which test an error arose that nobody caught, and hooks into everything asynchronous for that. Of
// promises there are so many that it is up to a third of what a file costs. Without them such an error may be one that arose
// outside of any test, which fails the file.
import hooks from 'node:async_hooks'
import { createRequire } from 'node:module'

const { createHook } = hooks
hooks.createHook = (callbacks) => createHook({ ...callbacks, trackPromises: false })
// It takes the function that it finds when it is loaded.
createRequire(import.meta.url)('node:test')
hooks.createHook = createHook
