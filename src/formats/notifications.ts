// What an event is told in: each format is one value. CloudEvents for programs, cards for chats, text for mail; OCSF, ASFF and syslog for
// what keeps findings and events of many systems.
import type { TargetFormat, ToldEvent, ToldFinding } from '#model/event.ts'
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
const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')

const called = ({ names }: ToldEvent, id: string): string => (names[id] === undefined ? id : `${names[id]} (${id})`)
const titleOf = (told: ToldEvent): string => `${told.severity}: ${told.kind}`

/** What a person looks for first. */
function factsOf(told: ToldEvent): readonly (readonly [string, string])[] {
  const rows: (readonly [string, string])[] = [
    ['About', called(told, told.subject)],
    ...(told.node === told.subject ? [] : [['At', called(told, told.node)] as const]),
  ]
  for (const [name, value] of Object.entries(told.facts)) {
    if (value === undefined || typeof value === 'object' || name === 'findingId') continue
    rows.push([name, called(told, String(value))])
  }
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
      facts: told.facts,
      names: told.names,
    },
  }),
})

/** What Slack would read as a link or a mention. */
const forSlack = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const slack: Write = (told) => ({
  via: 'post',
  contentType: 'application/json; charset=utf-8',
  isSigned: false,
  body: JSON.stringify({
    // What a notification shows.
    text: cut(forSlack(oneLine(`${titleOf(told)}: ${told.summary}`)), textCharactersMax),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(titleOf(told), lineCharactersMax), emoji: false } },
      // Nothing in it is markup: people have written a part of it.
      { type: 'section', text: { type: 'plain_text', text: cut(told.summary, textCharactersMax), emoji: false } },
      {
        type: 'section',
        fields: factsOf(told).map(([name, value]) => ({ type: 'plain_text', text: `${name}: ${value}`, emoji: false })),
      },
      ...(told.link === undefined
        ? []
        : [
            {
              type: 'actions',
              elements: [{ type: 'button', text: { type: 'plain_text', text: 'Show' }, url: told.link }],
            },
          ]),
    ],
  }),
})

/** A text block of a card reads a little Markdown: people have written a part of it. */
const forCard = (text: string): string => text.replaceAll(/[\\`*_{}[\]()#+\-!|>~]/g, '\\$&')
const teams: Write = (told) => ({
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
          body: [
            { type: 'TextBlock', text: forCard(titleOf(told)), weight: 'Bolder', size: 'Medium', wrap: true },
            { type: 'TextBlock', text: forCard(cut(told.summary, textCharactersMax)), wrap: true },
            { type: 'FactSet', facts: factsOf(told).map(([title, value]) => ({ title, value: forCard(value) })) },
          ],
          ...(told.link === undefined ? {} : { actions: [{ type: 'Action.OpenUrl', title: 'Show', url: told.link }] }),
        },
      },
    ],
  }),
})

const mail: Write = (told) => ({
  via: 'mail',
  subject: cut(oneLine(`[Cadastre] ${titleOf(told)}: ${told.summary}`), lineCharactersMax),
  text: [
    told.summary,
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

export const notificationFormats: Readonly<Record<TargetFormat, Write>> = {
  webhook: cloudEvent,
  ...{ slack, teams, mail, ocsf, asff, syslog },
}
