// Change requests, exceptions and the overview in a real browser: what waits for whom, what it would do, and who may do what with it.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, Locator } from 'playwright-core'
import { buildConsole } from '../../scripts/console.ts'
import { findViolations, isShown, narrow, openBrowser, openPage, signInBy, type Watched, wide } from './browser.ts'
import { type Estate, openEstate, payload, region } from './estate.ts'

const pictures = process.env.CADASTRE_TEST_PICTURES

let estate: Estate
let browser: Browser
let olga: Watched
let anna: Watched

before(async () => {
  await buildConsole()
  estate = await openEstate()
  browser = await openBrowser()
  if (pictures !== undefined) mkdirSync(pictures, { recursive: true })
  olga = await signIn('olga', 'organization-administrator')
  anna = await signIn('anna', 'approver')
})
after(async () => {
  await browser?.close()
  await estate?.remove()
})

async function signIn(name: string, role: string): Promise<Watched> {
  const watched = await openPage(browser, estate.url)
  await signInBy(watched, await estate.linkFor(name, role))
  return watched
}
async function go(at: Watched, path: string, heading?: string | RegExp): Promise<void> {
  await at.page.goto(`${estate.url}/console${path}`)
  await isShown(at, heading)
}
/** Wide and light, narrow and dark, for somebody to look at. */
async function picture(at: Watched, name: string): Promise<void> {
  if (pictures === undefined) return
  await at.page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
  await at.page.setViewportSize(narrow)
  await at.page.emulateMedia({ colorScheme: 'dark' })
  await at.page.screenshot({ path: join(pictures, `${name}-narrow.png`), fullPage: true })
  await at.page.setViewportSize(wide)
  await at.page.emulateMedia({ colorScheme: 'light' })
}
const button = ({ page }: Watched, name: string): Locator => page.getByRole('button', { name, exact: true })
async function whyNot(at: Watched, name: string, why: RegExp): Promise<void> {
  // Whoever did something with it has the focus there still.
  await button(at, name).blur()
  await button(at, name).focus()
  await at.page.getByRole('tooltip').getByText(why).waitFor()
  assert.equal(await button(at, name).getAttribute('aria-disabled'), 'true')
}
/** Does something by its button and its dialog, and waits until it is said to be done. */
async function act(at: Watched, name: string, done: string, note?: string): Promise<void> {
  await button(at, name).click()
  const dialog = at.page.getByRole('dialog')
  if (note !== undefined) await dialog.getByRole('textbox').fill(note)
  await dialog.getByRole('button', { name, exact: true }).click()
  await at.page.getByText(done).first().waitFor()
}
const document = (size: object) => ({
  operation: 'putPolicyDocument',
  input: {
    policyId: estate.ids.policy,
    locale: region,
    resourceType: 'vpc',
    rules: [{ poolId: estate.ids.pool }],
    size,
  },
})
async function propose(reason: string, more: object = {}): Promise<{ changeRequestId: string; contentHash: string }> {
  const { items } = await estate.ask<{ items: { nodeId: string; kind: string }[] }>('GET', '/organization/tree')
  const root = items.find(({ kind }) => kind === 'root')!.nodeId
  const operations = [document({ min: 26, default: 26, max: 28 })]
  return estate.ask('POST', '/change-requests', { node: root, reason, operations, ...more })
}

test('what waits for somebody comes first, is said in words with before and after, and is approved by others for exactly that', async () => {
  const { changeRequestId } = await propose('Smaller networks')
  await go(anna, '/change-requests', 'Change requests')
  const waits = anna.page.getByRole('table').first()
  await waits.getByRole('link', { name: 'Smaller networks' }).waitFor()
  await picture(anna, 'change-requests')
  await waits.getByRole('link', { name: 'Smaller networks' }).click()
  await isShown(anna, 'Smaller networks')
  const { page } = anna
  await page.getByText(/Write what production \(ipam-policy-\w+\) says of vpc in eu-central-1/).waitFor()
  await page.getByRole('insertion').getByText('/26 to /28, /26 where nothing is said').waitFor()
  assert.equal(await page.getByText('"putPolicyDocument"').isVisible(), false)
  await page.getByRole('button', { name: 'Show as JSON' }).click()
  await page.getByText('"putPolicyDocument"').waitFor()
  // One network is too large then: the axis counts it in whole numbers.
  await page.getByText('1 no longer compliant').waitFor()
  const marks = await page.locator('[class*=chart] text, svg text').allTextContents()
  assert.ok(marks.includes('1'), marks.join(' '))
  assert.deepEqual(
    marks.filter((mark) => /\d\.\d/.test(mark)),
    [],
  )
  await picture(anna, 'change-request')
  assert.deepEqual(await findViolations(anna), [])
  await go(olga, `/change-requests/${changeRequestId}`, 'Smaller networks')
  await whyNot(olga, 'Approve', /You wrote it: somebody else with the role approver/)
  await whyNot(olga, 'Apply', /It is in review/)

  // What is approved is what was shown when the button was pressed.
  await button(anna, 'Approve').click()
  const dialog = page.getByRole('dialog')
  await estate.ask('PATCH', `/change-requests/${changeRequestId}`, { reason: 'Smaller networks, edited' })
  await dialog.getByRole('button', { name: 'Approve' }).click()
  await dialog.getByText('Somebody has changed it since you opened this').waitFor()
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await go(anna, `/change-requests/${changeRequestId}`, 'Smaller networks, edited')
  await page.getByText('nobody yet').waitFor()
  await act(anna, 'Approve', 'Your approval is on record.')
  await whyNot(anna, 'Approve', /You have approved it/)

  await act(anna, 'Send back', 'It is a draft of its author again.', payload)
  await page.getByText('It was sent back').waitFor()
  await go(olga, '/waiting', 'Waiting for me')
  await olga.page.getByRole('row', { name: /Smaller networks, edited.*Revise: it was sent back/ }).waitFor()
  await picture(olga, 'waiting')
  assert.deepEqual([...olga.said, ...anna.said.filter((line) => !line.includes('412'))], [])
})

test('an edit says what it voids before it does, and keeps what was typed when it is refused', async () => {
  const { changeRequestId, contentHash } = await propose('To be edited')
  await go(anna, `/change-requests/${changeRequestId}`, 'To be edited')
  await act(anna, 'Approve', 'Your approval is on record.')
  await go(olga, `/change-requests/${changeRequestId}`, 'To be edited')
  await button(olga, 'Edit').click()
  await isShown(olga, 'Edit: To be edited')
  const { page } = olga
  await page.getByText('Saving voids an approval').waitFor()
  await picture(olga, 'change-request-edit')
  assert.deepEqual(await findViolations(olga), [])
  const operations = page.getByRole('textbox', { name: 'Operations' })
  await operations.fill('[')
  await button(olga, 'Save').click()
  await page.getByText('A list of operations in JSON is expected.').waitFor()
  await operations.fill(JSON.stringify([document({ min: 25, default: 25, max: 28 })]))
  await page.getByRole('textbox', { name: 'What for' }).fill('Edited')
  await button(olga, 'Save').click()
  await isShown(olga, 'Edited')
  await page.getByText('nobody yet').waitFor()
  const now = await estate.ask('GET', `/change-requests/${changeRequestId}`)
  assert.notEqual(now.contentHash, contentHash)
})

test('a rollout is applied, halted, resumed and reverted, stage by stage', async () => {
  const operations = [
    document({ min: 16, default: 24, max: 28 }),
    { operation: 'updatePolicy', input: { policyId: estate.ids.policy, contact: 'new@example.com' } },
  ]
  const rollout = {
    stages: [
      { operations: 1, soakSeconds: 3600 },
      { operations: 1, soakSeconds: 0 },
    ],
    haltOn: { denials: 2, pools: [{ poolId: estate.ids.pool, freePercent: 10 }] },
  }
  const { changeRequestId, contentHash } = await propose('In stages', { operations, rollout })
  const path = `/change-requests/${changeRequestId}`
  await go(anna, path, 'In stages')
  await act(anna, 'Approve', 'Your approval is on record.')
  const carl = await signIn('carl', 'approver')
  await go(carl, path, 'In stages')
  await act(carl, 'Approve', 'Your approval is on record.')
  await whyNot(carl, 'Apply', /It takes the role organization-administrator or ipam-administrator or policy-author at/)
  await carl.context.close()
  await go(olga, path, 'In stages')
  const { page } = olga
  await act(olga, 'Apply', 'Its first stage is made.')
  await page.getByText('1 of 2 stages are made').waitFor()
  await page.getByText('with more than 2 denials').waitFor()
  await picture(olga, 'change-request-rollout')
  await act(olga, 'Halt', 'The rollout is halted.', 'Not today')
  await page.getByText('Halted: Somebody halted it.').waitFor()
  await act(olga, 'Resume', 'The rollout goes on.')
  await act(olga, 'Revert', 'The change is reverted.', payload)
  await page.getByText('Reverted by').waitFor()
  await whyNot(olga, 'Revert', /It is reverted/)
  assert.equal((await estate.ask('GET', path)).contentHash, contentHash)
  assert.deepEqual(await findViolations(olga), [])
})

test('an exception is approved, extended, ended early, and a break-glass is reviewed by somebody else', async () => {
  const path = `/exceptions/${estate.ids.exception}`
  await go(anna, '/exceptions', 'Exceptions')
  await anna.page.getByRole('table').first().getByRole('link', { name: payload }).waitFor()
  await picture(anna, 'exceptions')
  await go(olga, path, payload)
  await whyNot(olga, 'Approve', /You asked for it: somebody else/)
  await go(anna, path, payload)
  await anna.page.getByText(/^in 6 days$/).waitFor()
  await act(anna, 'Approve', 'The exception is approved.')
  await whyNot(anna, 'Approve', /Nothing waits for approval/)
  await picture(anna, 'exception')
  await whyNot(
    anna,
    'Extend',
    /It takes the role organization-administrator or ipam-administrator or resource-operator/,
  )
  await go(olga, path, payload)
  await button(olga, 'Extend').click()
  const dialog = olga.page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('It takes longer')
  await dialog.getByRole('button', { name: 'Extend' }).click()
  await olga.page.getByText('A later end waits for approval').waitFor()
  await go(anna, '/waiting?for=approve', 'Waiting for me')
  await anna.page.getByRole('link', { name: 'It takes longer' }).click()
  await act(anna, 'Deny', 'It ends as it did.', 'Not so long')
  await act(anna, 'End early', 'The exception is over.', 'Enough')
  await anna.page.getByText('Enough').waitFor()

  await go(olga, '/exceptions/new?kind=break-glass', 'Break the glass')
  const { page } = olga
  await button(olga, 'Break the glass').click()
  await page.getByText('Choose for whom it is.').waitFor()
  for (const [label, option] of [
    ['For', /^Prod/],
    ['Pool that it may take from', /^lab/],
  ] as const) {
    await page
      .getByRole('button', { name: new RegExp(`^${label}`) })
      .first()
      .click()
    await page.getByRole('option', { name: option }).click()
  }
  await page.getByRole('textbox', { name: 'Resource type' }).fill('vpc')
  await page.getByRole('textbox', { name: 'Reason' }).fill('It burns')
  await picture(olga, 'exception-new')
  await button(olga, 'Break the glass').click()
  await isShown(olga, 'It burns')
  await whyNot(olga, 'Review', /You broke the glass/)
  await picture(olga, 'exception-broken')
  assert.deepEqual(await findViolations(olga), [])
  await go(anna, '/waiting?for=review', 'Waiting for me')
  await anna.page.getByRole('link', { name: 'It burns' }).click()
  await act(anna, 'Review', 'Your review is on record.', payload)
  await anna.page.getByText('Break-glass, and reviewed').waitFor()
})

test('each number of the overview leads to exactly its rows', async () => {
  const { page } = anna
  await go(anna, '/', 'Overview')
  await picture(anna, 'overview')
  assert.deepEqual(await findViolations(anna), [])
  const links = [
    ['Open findings', 'Findings', 1],
    ['Wait for my approval', 'Waiting for me', 1],
    ['Exceptions in force', 'Exceptions', 2],
    ['Late sources', 'Estate', 1],
  ] as const
  for (const [label, heading, table] of links) {
    await go(anna, '/', 'Overview')
    const link = page.getByRole('link', { name: new RegExp(`^${label}: `) })
    const number = Number((await link.textContent())!.trim())
    await link.click()
    await isShown(anna, heading)
    const of = page.getByRole('table').nth(table - 1)
    const rows = of.getByRole('row').filter({ has: page.getByRole('link') })
    assert.equal(await rows.count(), number, label)
  }
})
