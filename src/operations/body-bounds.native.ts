// How large a body may be that somebody sends: reading it takes time from everybody, before it is known what is asked.

import { findReach } from './governance/list-bounds.ts'
import { type BodyBounds, type NativeOperation, usualBody } from './operation.native.ts'
import type { ReadOperation } from './operation.ts'

/** Of an operation that may have more than is usual: so much only for whoever might do it somewhere. Asked where more is announced. */
export const findBodyBounds: ReadOperation<{ readonly operation: NativeOperation }, BodyBounds> = {
  name: 'findBodyBounds',
  access: 'read',
  async run(context, { operation }) {
    const { body = usualBody } = operation.rest
    const reach = await findReach(context, [operation.action, ...(body.actions ?? [])])
    if (reach === 'none') return usualBody
    return body.part && reach === 'part' ? body.part : body
  },
}
