// Mail, through the one server that the operator names. Where it goes is somebody else's word, and its text has words of others: so it is
// plain text, to plain addresses, and no header is made of anything longer than a line.

import { createTransport } from 'nodemailer'
import type { DeliveryOutcome, DeliveryProblem } from '#model/delivery.ts'
import { withoutBrackets } from '#model/host-name.ts'
import type { Mail } from './deliver.ts'
import { callSecondsMax } from './post.ts'

export interface MailServer {
  /** `smtps://HOST:PORT`, or `smtp://HOST:PORT`, where it must begin with TLS (STARTTLS) unless it is this machine. */
  readonly url: string
  readonly user: string | undefined
  readonly password: string | undefined
  readonly from: string
}

/** Whoever is on this machine reads what is sent on it anyway. */
const isHere = (host: string): boolean => /^(localhost|127\.[\d.]+|\[?::1\]?)$/.test(host)
const portOfSubmission = 587
const portOfTls = 465

/** From the look-up until the server has taken it: some let whoever comes wait before they greet. */
export const mailSecondsMax = 30

export function createMailer(
  { url, user, password, from }: MailServer,
  { secondsMax = mailSecondsMax }: { readonly secondsMax?: number } = {},
): (mail: Mail) => Promise<DeliveryOutcome> {
  const { protocol, hostname, port } = new URL(url)
  const secure = protocol === 'smtps:'
  const host = withoutBrackets(hostname)
  const transport = createTransport({
    host,
    port: port === '' ? (secure ? portOfTls : portOfSubmission) : Number(port),
    secure,
    requireTLS: !secure && !isHere(hostname),
    ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
    ...{ connectionTimeout: callMs, greetingTimeout: callMs, socketTimeout: callMs, dnsTimeout: callMs },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  })
  const domain = from.slice(from.lastIndexOf('@') + 1).replace(/>$/, '')
  return async ({ recipients, id, subject, text }) => {
    // The others are about silence: a server that says a line now and then would hold its place among deliveries for ever.
    const signal = AbortSignal.timeout(secondsMax * 1_000)
    try {
      const { rejected, rejectedErrors } = await transport.sendMail({
        ...{ from, subject, text, signal },
        // None sees the others.
        bcc: [...recipients],
        // The same each time: who has it twice sees it once.
        messageId: `<${id}@${domain}>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
      })
      // Whoever was refused among others is told of, and not tried again: the others would have it twice.
      const refused = rejected.map(String)
      if (refused.length === 0) return { isDelivered: true }
      const code = String(rejectedErrors?.[0]?.responseCode ?? 'EENVELOPE')
      const taken = recipients.length - refused.length
      return { isDelivered: true, problem: { why: 'some-recipients-refused', code, taken, refused } }
    } catch (error) {
      // Whatever it was, it is tried again: a mail server may take later what it takes not now.
      return {
        isDelivered: false,
        problem: signal.aborted ? { why: 'target-slow', seconds: secondsMax } : problemOf(error),
      }
    }
  }
}
const callMs = callSecondsMax * 1_000

function problemOf(error: unknown): DeliveryProblem {
  const { code, responseCode } = error as { readonly code?: unknown; readonly responseCode?: unknown }
  if (code === 'EENVELOPE' || code === 'EMESSAGE')
    return { why: 'recipients-refused', code: String(responseCode ?? code) }
  return { why: 'target-unreachable', code: typeof code === 'string' && /^\w{1,64}$/.test(code) ? code : 'ERROR' }
}
