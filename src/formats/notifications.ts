// What an event is told in: each format is one value. CloudEvents for programs, cards for chats, text for mail; OCSF, ASFF and syslog for
// what keeps findings and events of many systems.
import { assert } from '#model/assert.ts'
import {
  isDigest,
  type TargetFormat,
  type ToldBrief,
  type ToldDigest,
  type ToldEvent,
  type ToldFinding,
} from '#model/event.ts'
import { everywhere } from '#model/roles.ts'
import { asffFinding } from './exports/asff.ts'
import type { ExportedFinding } from './exports/finding.ts'
import { complianceFinding, eventActivity } from './exports/ocsf.ts'
import { messageBytesMax, syslogEvent } from './syslog.ts'

/** What goes to a URL. */
export interface WrittenPost {
  readonly via: 'post'
  readonly contentType: string
  readonly body: string
  /** By the signature of standard webhooks. */
  readonly isSigned: boolean
}
export interface WrittenMail {
  readonly via: 'mail'
  readonly subject: string
  readonly text: string
}
export interface WrittenSyslog {
  readonly via: 'syslog'
  readonly message: string
}
export interface WriteFacts {
  readonly version: string
  /** Of the machine that sends it. */
  readonly host: string
  /** The account and Region that findings are imported into, of `asff`. */
  readonly account?: string | undefined
  readonly region?: string | undefined
}
type Write = (told: ToldEvent, facts: WriteFacts) => WrittenPost | WrittenMail | WrittenSyslog

/** The longest text that a chat shows in one place: Slack takes 3,000 characters in a section, and 150 in a line of a header. */
const textCharactersMax = 2_900
const lineCharactersMax = 150
/** Facts that a card shows; all are in what it leads to. */
const shownFactsMax = 10

const cut = (text: string, max: number): string => (text.length <= max ? text : `${text.slice(0, max - 1)}…`)
const oneLine = (text: string): string => plain(text).replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
/** Without what turns the direction of a text, or is there and cannot be seen: it would show something else than what is written. */
const plain = (text: string): string =>
  text.replaceAll(/[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu, '')

const called = ({ names }: ToldEvent, id: string): string => (names[id] === undefined ? id : `${names[id]} (${id})`)
const placeOf = (node: string, name?: string): string =>
  node === everywhere ? 'everything' : name === undefined ? node : `${name} (${node})`
const titleOf = (told: ToldEvent): string => `${told.severity}: ${told.kind}`

/** What a person looks for first. */
function factsOf(told: ToldEvent): readonly (readonly [string, string])[] {
  const rows: (readonly [string, string])[] = [
    ['About', called(told, told.subject)],
    ...(told.node === told.subject ? [] : [['At', placeOf(told.node, told.names[told.node])] as const]),
  ]
  for (const [name, value] of Object.entries(told.facts)) {
    if (value === undefined || typeof value === 'object' || name === 'findingId') continue
    rows.push([name, called(told, String(value))])
  }
  if (told.repeats !== undefined) rows.push(['The same before', String(told.repeats)])
  if (told.others !== undefined) rows.push(['Others like it', String(told.others)])
  if (told.contact !== undefined) rows.push(['Contact', told.contact])
  return rows.slice(0, shownFactsMax).map(([name, value]) => [name, cut(oneLine(value), lineCharactersMax)])
}

/** https://github.com/cloudevents/spec, version 1.0, structured JSON. */
const cloudEvent: Write = (told) => ({
  via: 'post',
  contentType: 'application/cloudevents+json; charset=utf-8',
  isSigned: true,
  body: JSON.stringify({
    specversion: '1.0',
    id: told.id,
    source: told.source,
    type: `cadastre.${told.kind}`,
    subject: told.subject,
    time: new Date(told.at).toISOString(),
    datacontenttype: 'application/json',
    severity: told.severity,
    data: {
      summary: told.summary,
      severity: told.severity,
      node: told.node,
      ...(told.link === undefined ? {} : { link: told.link }),
      ...(told.contact === undefined ? {} : { contact: told.contact }),
      ...(told.repeats === undefined ? {} : { repeats: told.repeats }),
      ...(told.others === undefined ? {} : { others: told.others }),
      facts: told.facts,
      names: told.names,
    },
  }),
})

/** What Slack would read as a link or a mention. */
const forSlack = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const plainText = (text: string): object => ({ type: 'plain_text', text, emoji: false })
const linkOf = (text: string, url: string): object => ({
  type: 'actions',
  elements: [{ type: 'button', text: plainText(text), url }],
})
const slack: Write = (told) => ({
  via: 'post',
  contentType: 'application/json; charset=utf-8',
  isSigned: false,
  body: JSON.stringify({
    // What a notification shows.
    text: cut(forSlack(oneLine(`${titleOf(told)}: ${told.summary}`)), textCharactersMax),
    blocks: [
      { type: 'header', text: plainText(cut(titleOf(told), lineCharactersMax)) },
      // Nothing in it is markup: people have written a part of it.
      { type: 'section', text: plainText(cut(oneLine(told.summary), textCharactersMax)) },
      { type: 'section', fields: factsOf(told).map(([name, value]) => plainText(`${name}: ${value}`)) },
      ...(told.link === undefined ? [] : [linkOf('Show', told.link)]),
    ],
  }),
})

/** A text block of a card reads a little Markdown: people have written a part of it. */
const forCard = (text: string): string => text.replaceAll(/[\\`*_{}[\]()#+\-!|<>~]/g, '\\$&')
const teams: Write = (told) =>
  cardOf(
    [
      { type: 'TextBlock', text: forCard(titleOf(told)), weight: 'Bolder', size: 'Medium', wrap: true },
      { type: 'TextBlock', text: forCard(cut(oneLine(told.summary), textCharactersMax)), wrap: true },
      { type: 'FactSet', facts: factsOf(told).map(([title, value]) => ({ title, value: forCard(value) })) },
    ],
    'Show',
    told.link,
  )
const cardOf = (body: readonly object[], title: string, link: string | undefined): WrittenPost => ({
  via: 'post',
  contentType: 'application/json; charset=utf-8',
  isSigned: false,
  body: JSON.stringify({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body,
          ...(link === undefined ? {} : { actions: [{ type: 'Action.OpenUrl', title, url: link }] }),
        },
      },
    ],
  }),
})

const mail: Write = (told) => ({
  via: 'mail',
  subject: cut(oneLine(`[Cadastre] ${titleOf(told)}: ${told.summary}`), lineCharactersMax),
  text: [
    oneLine(told.summary),
    '',
    ...factsOf(told).map(([name, value]) => `${name}: ${value}`),
    `When: ${new Date(told.at).toISOString()}`,
    ...(told.link === undefined ? [] : ['', told.link]),
    '',
  ].join('\n'),
})

// For other systems --------------------------------------------------------------------------------------------------

/** The finding that an event tells of, as it was then. */
function exportedFinding({ at, severity, subject, node }: ToldEvent, told: ToldFinding): ExportedFinding {
  const { findingId, control, status, said, of, firstSeenAt, resourceType, locale, sourceId, suppression } = told
  const moment = new Date(at).toISOString()
  return {
    ...{ findingId, control, severity, status, node, resourceType, locale, sourceId },
    resource: subject,
    summary: said,
    facts: of,
    firstSeenAt: new Date(firstSeenAt).toISOString(),
    openedAt: moment,
    lastSeenAt: moment,
    ...(status === 'resolved' ? { resolvedAt: moment } : {}),
    ...(suppression ? { suppression: { ...suppression, at: moment } } : {}),
  }
}
function ocsfEvent(told: ToldEvent, facts: WriteFacts): object {
  const count = 1 + (told.repeats ?? 0) + (told.others ?? 0)
  return { ...oneOcsfEvent(told, facts), ...(count === 1 ? {} : { count }) }
}
function oneOcsfEvent(told: ToldEvent, facts: WriteFacts): object {
  const { id, kind, severity, at, summary, subject, node } = told
  if (told.finding) return complianceFinding(exportedFinding(told, told.finding), facts, id)
  const { by, requestedBy } = told.facts
  const doer = by ?? (/\.(?:requested|used)$/.test(kind) ? requestedBy : undefined)
  return eventActivity(
    {
      ...{ eventId: id, kind, severity, summary, subject, node, facts: told.facts },
      at: new Date(at).toISOString(),
      ...(typeof doer === 'string' ? { by: doer } : {}),
    },
    facts,
  )
}
const ocsf: Write = (told, facts) => ({
  via: 'post',
  contentType: 'application/json; charset=utf-8',
  isSigned: true,
  body: JSON.stringify(ocsfEvent(told, facts)),
})

/** A request of BatchImportFindings. A try is a finding that is over already, so that nobody has to close it. */
const asff: Write = (told, { account = '', region = '' }) => {
  const { id, kind, at, summary, subject } = told
  const finding: ToldFinding = told.finding ?? {
    ...{ findingId: subject, control: kind, title: kind, said: summary, status: 'resolved', of: {}, firstSeenAt: at },
  }
  const one = asffFinding(exportedFinding(told, finding), finding.title, { account, region })
  return {
    via: 'post',
    contentType: 'application/json; charset=utf-8',
    isSigned: true,
    body: JSON.stringify({ Findings: [{ ...one, ...(told.finding ? {} : { Id: `cadastre/${id}` }) }] }),
  }
}

/** Without its facts where it would be longer than receivers take. */
const syslog: Write = (told, facts) => {
  const header = { severity: told.severity, at: new Date(told.at).toISOString(), kind: told.kind }
  const message = syslogEvent(ocsfEvent(told, facts), header, facts)
  if (Buffer.byteLength(message) <= messageBytesMax) return { via: 'syslog', message }
  return { via: 'syslog', message: syslogEvent(ocsfEvent(shortened(told), facts), header, facts) }
}
/** A third of what a message may have, in the longest characters of JSON. */
const shortCharactersMax = 200
function shortened(told: ToldEvent): ToldEvent {
  const short = (text: string): string => cut(text, shortCharactersMax)
  const { finding, facts } = told
  return {
    ...told,
    subject: short(told.subject),
    summary: short(told.summary),
    facts: Object.fromEntries(
      ['by', 'requestedBy'].flatMap((name) => (typeof facts[name] === 'string' ? [[name, short(facts[name])]] : [])),
    ),
    ...(finding ? { finding: { ...finding, said: short(finding.said), of: {} } } : {}),
  }
}

// Many at once -------------------------------------------------------------------------------------------------------

const titleOfDigest = ({ digest, total, severity }: ToldDigest): string =>
  `${total} ${total === 1 ? 'event' : 'events'} in the last ${digest === 'daily' ? 'day' : 'hour'}, the worst ${severity}`
const countsOf = ({ counts }: ToldDigest): string[] => {
  const lines = counts.slice(0, countsShownMax).map(({ event, severity, count }) => `${count} × ${severity} ${event}`)
  return counts.length > countsShownMax ? [...lines, '…'] : lines
}
/** Lines of a message that counts. */
const countsShownMax = 20
const lineOf = ({ severity, event, called: name, summary, times }: ToldBrief): string =>
  oneLine(`${severity} ${event}, ${name}${times > 1 ? `, ${times} times, the latest` : ''}: ${summary}`)
const linesOf = ({ shown }: ToldDigest): string[] => shown.map((brief) => cut(lineOf(brief), briefCharactersMax))
const briefCharactersMax = 500
const placeOfDigest = ({ node, nodeName }: ToldDigest): string =>
  placeOf(node, nodeName === undefined ? undefined : cut(oneLine(nodeName), lineCharactersMax))

const cloudEventOfMany = (told: ToldDigest): WrittenPost => {
  const { id, source, subscription, severity, until, shown, node, total, counts, digest, link, contact } = told
  return {
    via: 'post',
    contentType: 'application/cloudevents+json; charset=utf-8',
    isSigned: true,
    body: JSON.stringify({
      specversion: '1.0',
      ...{ id, source, type: 'cadastre.digest', subject: subscription, time: new Date(until).toISOString() },
      datacontenttype: 'application/json',
      severity,
      data: {
        summary: titleOfDigest(told),
        ...{ severity, node, digest, from: new Date(told.from).toISOString(), until: new Date(until).toISOString() },
        ...{ total, counts, link, contact },
        shown: shown.map(({ at, called: _, ...brief }) => ({ ...brief, at: new Date(at).toISOString() })),
      },
    }),
  }
}
const slackOfMany = (told: ToldDigest): WrittenPost => ({
  via: 'post',
  contentType: 'application/json; charset=utf-8',
  isSigned: false,
  body: JSON.stringify({
    text: cut(forSlack(oneLine(titleOfDigest(told))), textCharactersMax),
    blocks: [
      { type: 'header', text: plainText(cut(titleOfDigest(told), lineCharactersMax)) },
      { type: 'section', text: plainText([`At ${placeOfDigest(told)}`, ...countsOf(told)].join('\n')) },
      ...linesOf(told).map((line) => ({ type: 'section', text: plainText(line) })),
      ...(told.link === undefined ? [] : [linkOf('Show all', told.link)]),
    ],
  }),
})
const teamsOfMany = (told: ToldDigest): WrittenPost =>
  cardOf(
    [
      { type: 'TextBlock', text: forCard(titleOfDigest(told)), weight: 'Bolder', size: 'Medium', wrap: true },
      {
        type: 'FactSet',
        facts: [{ title: 'At', value: forCard(placeOfDigest(told)) }, ...factsOfCounts(told)],
      },
      ...linesOf(told).map((line) => ({ type: 'TextBlock', text: forCard(line), wrap: true, separator: true })),
    ],
    'Show all',
    told.link,
  )
const factsOfCounts = ({ counts }: ToldDigest): object[] =>
  counts
    .slice(0, countsShownMax)
    .map(({ event, severity, count }) => ({ title: String(count), value: forCard(`${severity} ${event}`) }))
const mailOfMany = (told: ToldDigest): WrittenMail => ({
  via: 'mail',
  subject: cut(oneLine(`[Cadastre] ${titleOfDigest(told)}, at ${placeOfDigest(told)}`), lineCharactersMax),
  text: [
    `At ${placeOfDigest(told)}, until ${new Date(told.until).toISOString()}:`,
    '',
    ...countsOf(told),
    '',
    ...linesOf(told),
    ...(told.link === undefined ? [] : ['', `All: ${told.link}`]),
    ...(told.contact === undefined ? [] : ['', `Contact: ${oneLine(told.contact)}`]),
    '',
  ].join('\n'),
})
const digestFormats: Readonly<Partial<Record<TargetFormat, (told: ToldDigest) => WrittenPost | WrittenMail>>> = {
  webhook: cloudEventOfMany,
  slack: slackOfMany,
  teams: teamsOfMany,
  mail: mailOfMany,
}

/** In the words of a format. Only those that have words for many events are told of many. */
export function writeNotification(
  format: TargetFormat,
  told: ToldEvent | ToldDigest,
  facts: WriteFacts,
): ReturnType<Write> {
  if (!isDigest(told)) return notificationFormats[format](told, facts)
  const write = digestFormats[format]
  assert(write !== undefined, `${format} has no words for many events`)
  return write(told)
}

export const notificationFormats: Readonly<Record<TargetFormat, Write>> = {
  webhook: cloudEvent,
  ...{ slack, teams, mail, ocsf, asff, syslog },
}
