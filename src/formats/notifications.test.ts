// What goes out in each format: whole, within the bounds of whoever takes it, and with no markup that somebody else has written.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { digestShownMax } from '#model/delivery.ts'
import type { ToldDigest, ToldEvent } from '#model/event.ts'
import { notificationFormats, type WrittenMail, type WrittenPost, writeNotification } from './notifications.ts'
import { signedHeaders } from './standard-webhooks.ts'

const facts = { version: '0.1.0', host: 'here', account: '111122223333', region: 'eu-central-1' }
const told: ToldEvent = {
  id: 'event-1',
  kind: 'exception.requested',
  severity: 'medium',
  at: Date.UTC(2026, 0, 1),
  subject: 'exception-1',
  node: '222222222222',
  names: { '222222222222': 'shop' },
  facts: { target: '222222222222', reason: 'a fair', of: { usedPercent: 90 } },
  summary: 'user:olga asks for an exception',
  link: 'https://cadastre.example.com/api/v1/exceptions/exception-1',
  contact: 'team-network@example.com',
  source: 'https://cadastre.example.com',
}
const hostile: ToldEvent = {
  ...told,
  subject: `\u202epool\u2066 <!channel>${'n'.repeat(3_000)}`,
  names: { '222222222222': `@here \u200b<@U123> [shop](https://evil.example) ${'é'.repeat(3_000)}` },
  summary: `\u202e<!channel>\nAbout: fake\nBcc: a@example.com {{DATE(2026-01-01T00:00:00Z,SHORT)}} <at>all</at> <https://evil.example|here> [here](https://evil.example) **x** ${'y'.repeat(10_000)}`,
  facts: { reason: `<!here> [x](https://evil.example)\nBcc: a@example.com ${'z'.repeat(10_000)}` },
}
const posted = (format: 'webhook' | 'slack' | 'teams', event = told): WrittenPost =>
  notificationFormats[format](event, facts) as WrittenPost

test('a webhook has what CloudEvents 1.0 asks for, and is signed', () => {
  const { body, contentType, isSigned } = posted('webhook')
  const event = JSON.parse(body)
  assert.deepEqual([event.specversion, event.id, event.source], ['1.0', told.id, told.source])
  assert.equal(event.type, 'cadastre.exception.requested')
  assert.equal(event.time, '2026-01-01T00:00:00.000Z')
  assert.match(contentType, /^application\/cloudevents\+json/)
  assert(isSigned)
  // Names of attributes are lower-case letters and digits.
  for (const name of Object.keys(event)) assert.match(name, /^[a-z0-9]{1,20}$/)
  assert.deepEqual(event.data.facts, told.facts)
})

test('the signature is that of the specification', () => {
  // The example of https://www.standardwebhooks.com.
  const headers = signedHeaders(
    { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', seconds: 1_614_265_330, body: '{"test": 2432232314}' },
    ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
  )
  assert.deepEqual(headers, {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

const schemaOf = (name: string): object =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../test/schemas', name), 'utf8')) as object
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
const isSlackMessage = ajv.compile(schemaOf('slack-message.json'))
const isCard = ajv.compile(schemaOf('adaptive-card-1.4.json'))

const brief = (told: ToldEvent): ToldDigest['shown'][number] => ({
  ...{ event: told.kind, severity: told.severity, at: told.at, subject: told.subject, summary: told.summary },
  called: told.names[told.subject] ?? told.subject,
  times: 3,
})
const digestOf = (shown: readonly ToldEvent[], counts = 1): ToldDigest => ({
  ...{ id: 'delivery-1', digest: 'hourly', severity: 'high', from: told.at, until: told.at + 3_600_000 },
  ...{ subscription: 'subscription-1', node: told.node, nodeName: shown[0]!.names[told.node]!, total: 1_000 },
  counts: Array.from({ length: counts }, () => ({ event: 'exception.ends-soon', severity: 'informational', count: 7 })),
  shown: shown.map(brief),
  ...{ link: told.link!, contact: told.contact!, source: told.source },
})
const digests = [
  digestOf([told]),
  digestOf(
    Array.from({ length: digestShownMax }, () => hostile),
    115,
  ),
]
const all = [told, hostile, { ...told, link: undefined } as unknown as ToldEvent, ...digests]
const bodyIn = (format: 'slack' | 'teams', one: ToldEvent | ToldDigest): string =>
  (writeNotification(format, one, facts) as WrittenPost).body

test('Slack takes what it is sent, however long names and texts are', () => {
  for (const one of all) {
    const message = JSON.parse(bodyIn('slack', one))
    assert(isSlackMessage(message), JSON.stringify(isSlackMessage.errors?.slice(0, 3)))
  }
  const { blocks } = JSON.parse(bodyIn('slack', told))
  assert.equal(blocks.at(-1).elements[0].url, told.link)
  assert(
    !isSlackMessage({ text: 'x', blocks: [{ type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151) } }] }),
  )
  assert(!isSlackMessage({ text: 'x', blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'x' } }] }))
})

test('Teams takes what it is sent: adaptive cards within its bounds', () => {
  for (const one of all) {
    const body = bodyIn('teams', one)
    assert(Buffer.byteLength(body) < 28_000, String(Buffer.byteLength(body)))
    const [{ contentType, content }] = JSON.parse(body).attachments
    assert.equal(contentType, 'application/vnd.microsoft.card.adaptive')
    assert.equal(content.version, '1.4')
    assert(isCard(content), JSON.stringify(isCard.errors?.slice(0, 3)))
  }
  assert(!isCard({ type: 'AdaptiveCard', version: '1.4', body: [{ type: 'TextBlock' }] }))
})

test('I7 nothing that somebody else has written mentions anybody, leads anywhere, or shows something else than is written', () => {
  for (const one of [hostile, digests[1]!]) {
    const message = bodyIn('slack', one)
    // In blocks all is plain text, which the schema says; the line beside them is markup.
    assert(!/[<>]/.test(JSON.parse(message).text))
    const [{ content }] = JSON.parse(bodyIn('teams', one)).attachments
    for (const { text, facts: rows = [] } of content.body)
      for (const line of text === undefined ? rows.map(({ value }: { value: string }) => value) : [text])
        assert(!/(?<!\\)(?:\\\\)*[[\]()<>*_`{}]/.test(line), line)
    const { subject, text } = writeNotification('mail', one, facts) as WrittenMail
    for (const shown of [message, JSON.stringify(content), subject, text])
      assert(!/[\u202a-\u202e\u2066-\u2069\u200b-\u200f]/.test(shown), shown.slice(0, 200))
    assert(!/^(?:Bcc|About: fake)/m.test(text), text.slice(0, 300))
    const { text: line } = JSON.parse(message)
    assert(!/[\r\n]/.test(line + subject))
  }
})

test('a digest is a CloudEvent, and a mail that begins with what there is', () => {
  const { body, isSigned } = writeNotification('webhook', digests[0]!, facts) as WrittenPost
  const event = JSON.parse(body)
  assert(isSigned)
  assert.deepEqual([event.specversion, event.type, event.id], ['1.0', 'cadastre.digest', 'delivery-1'])
  assert.equal(event.data.summary, '1000 events in the last hour, the worst high')
  const { subject, text } = writeNotification('mail', digests[0]!, facts) as WrittenMail
  assert.equal(subject, '[Cadastre] 1000 events in the last hour, the worst high, at shop (222222222222)')
  assert.match(
    text,
    /^At shop \(222222222222\), until 2026-01-01T01:00:00\.000Z:\n\n7 × informational exception\.ends-soon\n\n/,
  )
  assert(text.includes(`All: ${told.link}`))
  assert.throws(() => writeNotification('ocsf', digests[0]!, facts))
})

test('I7 a mail has one line as its subject', () => {
  const { subject, text } = notificationFormats.mail(hostile, facts) as WrittenMail
  assert(subject.length <= 150 && !/[\r\n]/.test(subject))
  const { text: plain } = notificationFormats.mail(told, facts) as WrittenMail
  assert.match(plain, /^user:olga asks for an exception\n\nAbout: exception-1\nAt: shop \(222222222222\)\n/)
  assert(text.includes('https://cadastre.example.com'))
})
