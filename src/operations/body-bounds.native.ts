// How large a body may be that somebody sends: reading it takes time from everybody, before it is known what is asked.

import { governsTop } from './governance/list-bounds.ts'
import { mayAnywhere } from './identity/authority.ts'
import { type BodyBounds, type NativeOperation, usualBody } from './operation.native.ts'
import type { ReadOperation } from './operation.ts'

/** Of an operation that may have more than is usual: so much only for whoever might do it somewhere. Asked where more is announced. */
export const findBodyBounds: ReadOperation<{ readonly operation: NativeOperation }, BodyBounds> = {
  name: 'findBodyBounds',
  access: 'read',
  async run(context, { operation }) {
    const { body = usualBody } = operation.rest
    let isAnybodys = false
    for (const action of [operation.action, ...(body.actions ?? [])]) {
      isAnybodys ||= await mayAnywhere(context, action)
    }
    if (!isAnybodys) return usualBody
    return body.part && !(await governsTop(context)) ? body.part : body
  },
}
