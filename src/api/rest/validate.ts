// What comes into the native API is checked by the shapes of its definitions.
import type { FastifySchemaCompiler } from 'fastify'
import type { z } from 'zod'

/** Says what is wrong with a value in Fastify's words; zod's own stand in `params`. */
export const compileValidator: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const validate = (value: unknown) => {
    const { data, error } = schema.safeParse(value)
    return error === undefined ? { value: data } : { error: error.issues.map(inFastifysWords) as never }
  }
  // Where nothing has to be said, the body may be left out; else the first member that is missing is named.
  return httpPart === 'body' ? (body) => validate(body ?? {}) : validate
}

const inFastifysWords = ({ code, path, message, ...params }: z.core.$ZodIssue) => ({
  keyword: code,
  instancePath: `/${path.join('/')}`,
  schemaPath: `#/${path.join('/')}/${code}`,
  message,
  params,
})
