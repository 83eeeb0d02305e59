// Moments as people write them, over zones, days on which clocks change, and what is no moment.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Direction, formatMoment, readMoment } from './moments.ts'

const now = Date.parse('2026-11-29T23:30:00.000Z')
function read(text: string, zone = 'UTC', direction: Direction = 'ahead', at = now): string {
  const result = readMoment(text, { now: at, zone }, direction)
  return 'moment' in result ? result.moment : result.problem
}

test('a day, and a time on a day, are those of the zone', () => {
  const cases: readonly [string, string, string][] = [
    ['2026-12-05', 'UTC', '2026-12-05T00:00:00.000Z'],
    ['2026-12-05', 'Europe/Berlin', '2026-12-04T23:00:00.000Z'],
    ['2026-12-05', 'Asia/Kolkata', '2026-12-04T18:30:00.000Z'],
    ['2026-12-05', 'America/Los_Angeles', '2026-12-05T08:00:00.000Z'],
    ['2026-07-05 18:00', 'Europe/Berlin', '2026-07-05T16:00:00.000Z'],
    ['2026-07-05T8:05', 'Europe/Berlin', '2026-07-05T06:05:00.000Z'],
    ['2026-12-05 18:00:09', 'Pacific/Chatham', '2026-12-05T04:15:09.000Z'],
    // Half past eleven in London is tomorrow in Berlin already, and this afternoon in Los Angeles.
    ['today', 'UTC', '2026-11-29T00:00:00.000Z'],
    ['today', 'Europe/Berlin', '2026-11-29T23:00:00.000Z'],
    ['tomorrow 18:00', 'UTC', '2026-11-30T18:00:00.000Z'],
    ['tomorrow 18:00', 'Europe/Berlin', '2026-12-01T17:00:00.000Z'],
    ['tomorrow 18:00', 'America/Los_Angeles', '2026-12-01T02:00:00.000Z'],
    ['yesterday', 'America/Los_Angeles', '2026-11-28T08:00:00.000Z'],
    // There was no 30 December 2011 in Samoa.
    ['2011-12-31', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
  ]
  for (const [text, zone, expected] of cases) assert.equal(read(text, zone), expected, `${text} in ${zone}`)
})

test('a length of time counts ahead or back, a day as 24 hours, whatever the clocks do meanwhile', () => {
  assert.equal(read('7d'), '2026-12-06T23:30:00.000Z')
  assert.equal(read('12h', 'UTC', 'back'), '2026-11-29T11:30:00.000Z')
  assert.equal(read('30m', 'UTC', 'back'), '2026-11-29T23:00:00.000Z')
  assert.equal(read('90s'), '2026-11-29T23:31:30.000Z')
  assert.equal(read('now', 'Asia/Kolkata'), '2026-11-29T23:30:00.000Z')
  const beforeChange = Date.parse('2026-03-28T12:00:00.000Z')
  assert.equal(read('1d', 'Europe/Berlin', 'ahead', beforeChange), '2026-03-29T12:00:00.000Z')
})

test('a time that the zone leaves out or has twice is asked about; a day alone begins at its first moment', () => {
  assert.equal(
    read('2026-03-29 02:30', 'Europe/Berlin'),
    'in Europe/Berlin there is no 02:30 on 2026-03-29: the clocks go forward; did you mean ' +
      '`2026-03-29T01:30:00+01:00` or `2026-03-29T03:30:00+02:00`?',
  )
  assert.equal(
    read('2026-10-25 02:30', 'Europe/Berlin'),
    'in Europe/Berlin it is 02:30 twice on 2026-10-25: the clocks go back; did you mean ' +
      '`2026-10-25T02:30:00+02:00` or `2026-10-25T02:30:00+01:00`?',
  )
  assert.match(
    read('tomorrow 02:30', 'America/New_York', 'ahead', Date.parse('2026-03-07T12:00:00Z')),
    /there is no 02:30/,
  )
  assert.equal(read('2026-03-29 03:00', 'Europe/Berlin'), '2026-03-29T01:00:00.000Z')
  assert.equal(read('2026-10-25 03:00', 'Europe/Berlin'), '2026-10-25T02:00:00.000Z')
  // In Cairo the clocks go forward at midnight: the day begins at one.
  assert.equal(read('2026-04-24', 'Africa/Cairo'), '2026-04-23T22:00:00.000Z')
  assert.match(read('2026-04-24 00:15', 'Africa/Cairo'), /there is no 00:15/)
  // What was proposed is taken.
  assert.equal(read('2026-03-29T03:30:00+02:00', 'Asia/Kolkata'), '2026-03-29T03:30:00+02:00')
})

test('what the API writes goes on as it is, and all else is refused with the forms that there are', () => {
  for (const text of ['2026-12-05T00:00:00Z', '2026-12-05T00:00:00.123+05:30']) assert.equal(read(text), text)
  for (const text of [
    '',
    'soon',
    '7',
    'd',
    '7 d',
    '-7d',
    '7w',
    '9999999d',
    '05.12.2026',
    'tomorrow  18:00',
    'Tomorrow',
  ]) {
    assert.match(read(text), /^a moment is expected: `2026-12-05`, .*`7d`, or RFC 3339$/, text)
  }
  assert.equal(read('2026-02-30'), 'there is no day `2026-02-30`')
  assert.equal(read('2026-13-01 10:00'), 'there is no day `2026-13-01`')
  assert.equal(read('today 24:00'), 'there is no time `24:00` in a day')
  assert.equal(read('2026-12-05 10:60'), 'there is no time `10:60` in a day')
})

test('a moment is shown in the zone and with its offset, no other text is', () => {
  const moment = '2026-11-25T19:54:47.123Z'
  assert.equal(formatMoment(moment, 'UTC'), '2026-11-25 19:54:47Z')
  assert.equal(formatMoment(moment, 'Europe/Berlin'), '2026-11-25 20:54:47+01:00')
  assert.equal(formatMoment('2026-07-25T23:54:47+02:00', 'Asia/Kolkata'), '2026-07-26 03:24:47+05:30')
  assert.equal(formatMoment('2026-07-25T23:54:47Z', 'America/St_Johns'), '2026-07-25 21:24:47-02:30')
  for (const text of ['2026-11-25', 'at 2026-11-25T19:54:47Z', '2026-13-25T19:54:47Z']) {
    assert.equal(formatMoment(text, 'UTC'), undefined, text)
  }
})
