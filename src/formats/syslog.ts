// The record of changes, and what others are told of, as syslog (RFC 5424), framed for TLS (RFC 5425): each message is an event of OCSF.
import type { Severity } from '#model/finding.ts'
import { apiActivity, type ExportedChange } from './exports/ocsf.ts'

export interface SyslogFacts {
  readonly version: string
  /** Of the machine that sends it. */
  readonly host: string
}

/** Log audit (RFC 5424, section 6.2.1). */
const facility = 13
const notice = 5
const informational = 6
const nil = '-'
/** What receivers should take (RFC 5425, section 4.3.1). */
export const messageBytesMax = 8_192

/** Without its subjects where it would be longer than receivers take. */
export function syslogMessage(change: ExportedChange, facts: SyslogFacts): string {
  const message = written(change, facts)
  if (Buffer.byteLength(message) <= messageBytesMax) return message
  return written(change, facts, true)
}

function written(change: ExportedChange, { version, host }: SyslogFacts, isShort = false): string {
  const { action, at, outcome } = change
  const priority = facility * 8 + (outcome === 'Success' ? informational : notice)
  const header = [`<${priority}>1`, at, nameOf(host, 255), 'cadastre', nil, nameOf(action, 32), nil].join(' ')
  return `${header} ${JSON.stringify(apiActivity(isShort ? shortened(change) : change, { version }))}`
}

const shortLength = 256
function shortened({ makers: _, ...change }: ExportedChange): ExportedChange {
  const { principal, credential, sourceAddress, region, requestId, action } = change
  const cut = (text: string): string => text.slice(0, shortLength)
  return {
    ...change,
    subjects: [],
    ...{ action: cut(action), principal: cut(principal), credential: cut(credential) },
    ...{ sourceAddress: cut(sourceAddress), region: cut(region), requestId: cut(requestId) },
  }
}

export interface SyslogHeader {
  readonly severity: Severity
  readonly at: string
  /** What is told: the id of the kind of message. */
  readonly kind: string
}
/** From critical to informational (RFC 5424, section 6.2.1). */
const severityNumbers: Readonly<Record<Severity, number>> = {
  critical: 2,
  high: 3,
  medium: 4,
  low: 5,
  informational: 6,
}
/** @param event one of OCSF */
export function syslogEvent(event: object, { severity, at, kind }: SyslogHeader, { host }: SyslogFacts): string {
  const priority = facility * 8 + severityNumbers[severity]
  const header = [`<${priority}>1`, at, nameOf(host, 255), 'cadastre', nil, nameOf(kind, 32), nil].join(' ')
  return `${header} ${JSON.stringify(event)}`
}

/** Printable US-ASCII without spaces, or nothing. */
const nameOf = (text: string, length: number): string => text.replaceAll(/[^\x21-\x7e]/g, '').slice(0, length) || nil

/** Octet counting: its length in bytes, and the message (RFC 5425, section 4.3). */
export const framed = (message: string): string => `${Buffer.byteLength(message)} ${message}`
