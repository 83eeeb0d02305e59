// What goes out in each format: whole, within the bounds of whoever takes it, and with no markup that somebody else has written.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ToldEvent } from '#model/event.ts'
import { notificationFormats, type WrittenMail, type WrittenPost } from './notifications.ts'
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
  summary: `<!channel> <https://evil.example|here> [here](https://evil.example) **x** ${'y'.repeat(10_000)}`,
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

test('I7 Slack gets plain text within its bounds, and no mention or link of somebody else', () => {
  for (const event of [told, hostile]) {
    const { text, blocks } = JSON.parse(posted('slack', event).body)
    assert(!/[<>]/.test(text) && text.length <= 3_000)
    for (const block of blocks) {
      const texts = [block.text, ...(block.fields ?? [])].filter(Boolean)
      for (const one of texts) assert(one.type === 'plain_text' && one.text.length <= 3_000, one.text)
      if (block.type === 'header') assert(block.text.text.length <= 150)
      if (block.fields) assert(block.fields.length >= 1 && block.fields.length <= 10)
    }
  }
  const { blocks } = JSON.parse(posted('slack').body)
  assert.equal(blocks.at(-1).elements[0].url, told.link)
})

test('I7 Teams gets an adaptive card, in which nothing of somebody else is Markdown', () => {
  const { attachments } = JSON.parse(posted('teams', hostile).body)
  const [{ contentType, content }] = attachments
  assert.equal(contentType, 'application/vnd.microsoft.card.adaptive')
  assert.deepEqual([content.type, content.version], ['AdaptiveCard', '1.4'])
  assert(!/(?<!\\)\]\(/.test(JSON.stringify(content.body).replaceAll('\\\\', '\\')))
  assert(Buffer.byteLength(posted('teams', hostile).body) < 28_000)
})

test('I7 a mail has one line as its subject', () => {
  const { subject, text } = notificationFormats.mail(hostile, facts) as WrittenMail
  assert(subject.length <= 150 && !/[\r\n]/.test(subject))
  const { text: plain } = notificationFormats.mail(told, facts) as WrittenMail
  assert.match(plain, /^user:olga asks for an exception\n\nAbout: exception-1\nAt: shop \(222222222222\)\n/)
  assert(text.includes('https://cadastre.example.com'))
})
