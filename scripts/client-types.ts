// The types of a TypeScript client of the native API, generated from its description.
import { registerHooks } from 'node:module'

/** openapi-typescript is written against the compiler's own API, which TypeScript 7 no longer has: an older one is in this package. */
const compiler = `data:text/javascript,${encodeURIComponent(`export { ts as "default" } from '${import.meta.resolve('@ts-morph/common')}'`)}`

/**
 * A module with `paths`, which openapi-fetch takes, `operations` and `components`.
 * @param description the OpenAPI document, as `GET /api/v1/openapi.json` answers it
 */
export async function clientTypesOf(description: string): Promise<string> {
  const hooks = registerHooks({
    resolve: (name, context, next) => next(name === 'typescript' ? compiler : name, context),
  })
  try {
    const { astToString, default: generate } = await import('openapi-typescript')
    // What has a default may be left out of a request.
    return astToString(await generate(description, { defaultNonNullable: false, silent: true }))
  } finally {
    hooks.deregister()
  }
}
