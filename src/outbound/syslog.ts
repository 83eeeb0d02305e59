// The record goes to a receiver of syslog over TLS (RFC 5425): a connection for each part, which is taken once the receiver has closed it too.
import type { ExportedChange } from '#formats/exports/ocsf.ts'
import { framed, type SyslogFacts, syslogMessage } from '#formats/syslog.ts'
import type { DeliveryOutcome } from '#model/delivery.ts'
import { type Address, type AddressRules, addressesOf } from './addresses.ts'
import { callProblem, codeOf, isNoConnection } from './post.ts'

/** An `import` of it takes long; nothing is called when a server starts. */
const tls = process.getBuiltinModule('node:tls')

/** From the look-up until the receiver has closed. */
export const sendSecondsMax = 20
/** Of what a receiver says, which has nothing to say. */
const answerBytesMax = 16_384

export interface SyslogTarget {
  /** A name, or an address without brackets. */
  readonly host: string
  readonly port: number
}
export interface SyslogRules extends AddressRules {
  /** Whom to believe in place of the authorities that are built in. */
  readonly ca?: string | undefined
  readonly secondsMax?: number
}

/** Rejects where the receiver has not taken all of it, as far as can be told: it closes its side once it has read to the end. */
export async function sendSyslog(
  changes: readonly ExportedChange[],
  facts: SyslogFacts,
  target: SyslogTarget,
  rules: SyslogRules,
): Promise<void> {
  const messages = changes.map((change) => syslogMessage(change, facts))
  const outcome = await sendFrames(messages, target, rules)
  if (outcome.isDelivered) return
  const { why, ...more } = outcome.problem
  throw new Error([`${target.host}: ${why}`, ...Object.values(more)].join(' '))
}

/** To the first address of the name that takes a connection: where one has taken it and hung up, no other is told the same. */
export async function sendFrames(
  messages: readonly string[],
  target: SyslogTarget,
  rules: SyslogRules,
): Promise<DeliveryOutcome> {
  const seconds = rules.secondsMax ?? sendSecondsMax
  const signal = AbortSignal.timeout(seconds * 1_000)
  const slow = { isDelivered: false, problem: { why: 'target-slow', seconds } } as const
  const found = await Promise.race([addressesOf(target.host, rules), whenOver(signal)])
  if (found === undefined) return slow
  if ('why' in found) return { isDelivered: false, problem: found }
  const text = messages.map(framed).join('')
  let code = 'ERROR'
  for (const address of found) {
    try {
      await send(text, address, target, { signal, ca: rules.ca })
      return { isDelivered: true }
    } catch (error) {
      // The next address may answer where nothing was sent to this one.
      if (signal.aborted) return slow
      code = codeOf(error)
      if (!isNoConnection(error)) break
    }
  }
  return { isDelivered: false, problem: callProblem(code) }
}

const whenOver = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))

/** To one address, whatever the name leads to by now. */
function send(
  text: string,
  { text: host, family }: Address,
  { host: servername, port }: SyslogTarget,
  { signal, ca }: { readonly signal: AbortSignal; readonly ca: string | undefined },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const isName = servername !== host
    const socket = tls.connect({
      ...{ host, port, family, minVersion: 'TLSv1.2' },
      ...(isName ? { servername } : {}),
      ...(ca === undefined ? {} : { ca }),
    })
    const stop = (): void => {
      socket.destroy(signal.reason as Error)
    }
    signal.addEventListener('abort', stop, { once: true })
    let isEnded = false
    let bytes = 0
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > answerBytesMax) socket.destroy(hungUp('EANSWER'))
    })
    socket.on('end', () => {
      isEnded = true
    })
    socket.on('error', reject)
    socket.on('close', () => {
      signal.removeEventListener('abort', stop)
      // Whoever hangs up before the end has not read it.
      if (isEnded && socket.writableFinished) resolve()
      else reject(hungUp('EHUNGUP'))
    })
    socket.on('secureConnect', () => socket.end(text))
  })
}
const hungUp = (code: string): Error => Object.assign(new Error('the receiver has not taken it'), { code })
