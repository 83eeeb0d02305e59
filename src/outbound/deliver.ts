// Delivers what is told: written in its format, signed where the format is, and sent.
import { notificationFormats } from '#formats/notifications.ts'
import { signedHeaders } from '#formats/standard-webhooks.ts'
import type { DeliveryOutcome } from '#model/delivery.ts'
import type { TargetFormat, ToldEvent } from '#model/event.ts'
import { type CallRules, post } from './post.ts'

export interface Outgoing {
  readonly told: ToldEvent
  readonly format: TargetFormat
  readonly target: { readonly url?: string; readonly recipients?: readonly string[] }
  readonly secrets: readonly string[]
}
export type Deliver = (outgoing: Outgoing) => Promise<DeliveryOutcome>

export interface Mail {
  readonly recipients: readonly string[]
  readonly id: string
  readonly subject: string
  readonly text: string
}
export interface OutboundOptions extends CallRules {
  /** Milliseconds since 1970. */
  clock(): number
  /** Undefined: no mail is sent. */
  sendMail?(mail: Mail): Promise<DeliveryOutcome>
}

export const createDeliver =
  (options: OutboundOptions): Deliver =>
  async ({ told, format, target: { url, recipients = [] }, secrets }) => {
    const written = notificationFormats[format](told)
    if (written.via === 'mail') {
      const { subject, text } = written
      if (!options.sendMail) return { isDelivered: false, problem: { why: 'no-mail' } }
      return options.sendMail({ recipients, id: told.id, subject, text })
    }
    const { contentType, body, isSigned } = written
    const seconds = Math.floor(options.clock() / 1_000)
    const signature = isSigned ? signedHeaders({ id: told.id, seconds, body }, secrets) : {}
    return post({ url: url ?? '', headers: { 'content-type': contentType, ...signature }, body }, options)
  }
