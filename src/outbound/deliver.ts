// Delivers what is told: written in its format, signed where the format is, and sent.
import { writeNotification } from '#formats/notifications.ts'
import { signedHeaders } from '#formats/standard-webhooks.ts'
import type { DeliveryOutcome } from '#model/delivery.ts'
import { parseSyslogUrl } from '#model/delivery-target.ts'
import type { TargetFormat, ToldDigest, ToldEvent } from '#model/event.ts'
import { type CallRules, callSecondsMax, post } from './post.ts'
import { sendFrames } from './syslog.ts'

export interface Outgoing {
  readonly told: ToldEvent | ToldDigest
  readonly format: TargetFormat
  readonly target: { readonly url?: string; readonly recipients?: readonly string[] }
  readonly secrets: readonly string[]
  /** Where findings are imported, of `asff`. */
  readonly hubAccount?: string | undefined
  readonly hubRegion?: string | undefined
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
  readonly version: string
  /** Of this machine. */
  readonly host: string
  /** Whom to believe of receivers of syslog, in place of the authorities that are built in. */
  syslogCa?(): Promise<string | undefined>
  readonly soonSeconds?: number
  /** Undefined: no mail is sent. */
  sendMail?(mail: Mail): Promise<DeliveryOutcome>
}

/** A target that needs longer to take something holds a place that others wait for. */
export const soonSecondsMax = 5

export const createDeliver = (options: OutboundOptions): Deliver => {
  const send = createSend(options)
  const { soonSeconds: seconds = soonSecondsMax } = options
  return async (outgoing) => {
    const began = performance.now()
    const outcome = await send(outgoing)
    // What the mail server of the operator takes is no fault of whoever is told.
    const isSlow = outgoing.format !== 'mail' && performance.now() - began >= seconds * 1_000
    return outcome.isDelivered && isSlow ? { ...outcome, problem: { why: 'target-took-long', seconds } } : outcome
  }
}
const createSend =
  (options: OutboundOptions): Deliver =>
  async ({ told, format, target: { url, recipients = [] }, secrets, hubAccount: account, hubRegion: region }) => {
    const { version, host } = options
    const written = writeNotification(format, told, { version, host, account, region })
    if (written.via === 'syslog') {
      const ca = await options.syslogCa?.()
      const { resolve, secondsMax } = options
      const rules = { allowedBlocks: options.allowedBlocks, ca, ...(resolve ? { resolve } : {}) }
      return sendFrames([written.message], parseSyslogUrl(url ?? '')!, {
        ...rules,
        secondsMax: secondsMax ?? callSecondsMax,
      })
    }
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
