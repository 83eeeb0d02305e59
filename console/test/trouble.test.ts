// When things go wrong, in a real browser: nothing that was typed is lost, nothing of others is overwritten, and each is said in words.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { nativeOperations } from '#operations/table.native.ts'
import { buildConsole } from '../../scripts/console.ts'
import { comparing } from '../app/api/held.ts'
import {
  assertHarmless,
  findViolations,
  isShown,
  narrow,
  openBrowser,
  openPage,
  signInBy,
  type Watched,
  wide,
} from './browser.ts'
import { type Estate, openEstate, region } from './estate.ts'

const pictures = process.env.CADASTRE_TEST_PICTURES
let estate: Estate
let browser: Browser
let olga: Watched

before(async () => {
  await buildConsole()
  estate = await openEstate()
  browser = await openBrowser()
  olga = await openPage(browser, estate.url)
  await signInBy(olga, await estate.linkFor('olga', 'organization-administrator'))
  if (pictures !== undefined) mkdirSync(pictures, { recursive: true })
})
after(async () => {
  await browser?.close()
  await estate?.remove()
})

const go = async (at: Watched, path: string, heading?: string | RegExp): Promise<void> => {
  await at.page.goto(`${estate.url}/console${path}`)
  await isShown(at, heading)
}
async function picture({ page }: Watched, name: string): Promise<void> {
  if (pictures === undefined) return
  await page.screenshot({ path: join(pictures, `${name}.png`) })
  await page.setViewportSize(narrow)
  await page.screenshot({ path: join(pictures, `${name}-narrow.png`) })
  await page.setViewportSize(wide)
}
async function signedIn(name: string, role: string, node?: string): Promise<Watched> {
  const one = await openPage(browser, estate.url)
  await signInBy(one, await estate.linkFor(name, role, node))
  return one
}
/** Ends the session of a page as an administrator would. */
async function endSession(page: Page): Promise<void> {
  const { tokenId } = await page.evaluate(
    async () => (await fetch('/api/v1/me')).json() as Promise<{ tokenId: string }>,
  )
  await estate.ask('DELETE', `/tokens/${tokenId}`)
}
async function askForException(page: Page) {
  await page.getByRole('button', { name: 'Ask for an exception' }).click()
  const dialog = page.getByRole('dialog', { name: 'Ask for an exception' })
  const reason = dialog.getByRole('textbox', { name: 'Reason' })
  return { reason, ask: dialog.getByRole('button', { name: 'Ask', exact: true }) }
}

test('what the console compares before it changes something is what the server compares', () => {
  const told = nativeOperations.filter((one) => 'changes' in one && one.changes)
  assert.deepEqual(
    [...comparing].sort(),
    told.map(({ rest }) => `${rest.method} ${rest.path}`).sort(),
    'console/app/api/held.ts lists them',
  )
})

test('the session ends in the middle of a form: signed in again here, the form is still there and goes on', async () => {
  const { page } = olga
  await go(olga, `/decisions/${estate.ids.denied}`, 'Denied')
  const { reason, ask } = await askForException(page)
  await reason.fill('Typed before the end')
  await endSession(page)
  await ask.click()
  const again = page.getByRole('dialog', { name: 'Your session is over' })
  const link = again.getByRole('textbox', { name: 'A link of the operator' })
  await link.fill('nonsense')
  await again.getByRole('button', { name: 'Sign in' }).click()
  await again.getByText(/it was not given out here/i).waitFor()
  await link.fill(await estate.linkFor('anna', 'approver'))
  await again.getByRole('button', { name: 'Sign in' }).click()
  await again.getByText('This link is for user:anna, and this page is of user:olga.').waitFor()
  await picture(olga, 'sign-in-again')
  assert.deepEqual(await findViolations(olga), [])
  await link.fill(await estate.linkFor('olga', 'organization-administrator'))
  await again.getByRole('button', { name: 'Sign in' }).click()
  await again.waitFor({ state: 'detached' })
  assert.equal(await reason.inputValue(), 'Typed before the end')
  await ask.click()
  await isShown(olga, 'Typed before the end')
})

test('two tabs have one session: signed out in one is signed out in both, and somebody else finds nothing of it', async () => {
  const second = await olga.context.newPage()
  await second.goto(`${estate.url}/console/decisions/${estate.ids.denied}`)
  const { reason } = await askForException(second)
  await reason.fill('Of olga alone')
  await go(olga, '/pools', 'Address space')
  await olga.page.getByRole('button', { name: /^olga/ }).click()
  await olga.page.getByRole('menuitem', { name: 'Sign out' }).click()
  await isShown(olga, 'Sign in to Cadastre')
  await second.getByRole('dialog', { name: 'Your session is over' }).waitFor()
  await signInBy(olga, await estate.linkFor('anna', 'approver'))
  await second.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await second.close()
  await signInBy(olga, await estate.linkFor('olga', 'organization-administrator'))
})

test('somebody else was first: what changed is shown, and nothing is overwritten before it was seen', async () => {
  const anna = await signedIn('anna', 'approver')
  const { page } = anna
  const { exceptionId } = await estate.ask('POST', '/exceptions', {
    decisionId: estate.ids.denied,
    reason: 'Both look at it',
    for: '7d',
  })
  await go(anna, `/exceptions/${exceptionId}`, 'Both look at it')
  await page.getByRole('button', { name: 'Deny' }).click()
  const dialog = page.getByRole('dialog')
  const [note, deny] = [dialog.getByRole('textbox'), dialog.getByRole('button', { name: 'Deny' })]
  await note.fill('Not this week')
  const ben = await signedIn('ben', 'approver')
  await go(ben, `/exceptions/${exceptionId}`, 'Both look at it')
  await ben.page.getByRole('button', { name: 'Approve' }).click()
  await ben.page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
  await ben.page.getByText('The exception is approved.').waitFor()
  await ben.context.close()
  await deny.click()
  await dialog.getByText('Somebody has changed it since you opened this').waitFor()
  await dialog.getByText(/^state: requested → active$/).waitFor()
  await picture(anna, 'changed-meanwhile')
  assert.deepEqual(await findViolations(anna), [])
  assert.equal(await note.inputValue(), 'Not this week')
  assert.equal((await estate.ask('GET', `/exceptions/${exceptionId}`)).state, 'active')
  await dialog.getByRole('button', { name: 'Go by what is there now' }).click()
  await dialog.getByText('You have seen it.').waitFor()
  await deny.click()
  await dialog.getByText('This was refused').waitFor()
  await anna.context.close()
  // The tests behind it find what was denied still denied.
  await estate.ask('POST', `/exceptions/${exceptionId}/revoke`, {})
})

test('I8 a page of somebody who may not see it says which role is needed and who gives it; what is hidden looks like what is not there', async () => {
  const una = await signedIn('una', 'resource-operator', estate.ids.account)
  await go(una, '/evidence', 'Evidence')
  await una.page.getByText('You may not see this').waitFor()
  await una.page
    .getByText(/One of these roles everywhere is needed: .*auditor.* Whoever is organization-administrator there/)
    .waitFor()
  await una.page.getByText("cadastre role-binding create --principal user:una --role auditor --node '*'").waitFor()
  await picture(una, 'may-not')
  assert.deepEqual(await findViolations(una), [])
  const said: string[] = []
  for (const id of [estate.ids.changeRequest, estate.ids.changeRequest.replace(/.$/, 'f')]) {
    await una.page.goto(`${estate.url}/console/change-requests/${id}`)
    await una.page.getByText('This is not there, or not for you to see').waitFor()
    said.push((await una.page.locator('main').innerText()).replaceAll(id, 'ID').replace(/request:\S+/, ''))
  }
  assert.equal(said[0], said[1])
  await una.context.close()
})

test('new decisions are announced, and shown where somebody asks for them; the stream goes through the session', async () => {
  const { page } = olga
  await go(olga, '/decisions', 'Decisions')
  const rows = page.getByRole('row')
  const count = await rows.count()
  const took = { account: estate.ids.account, resourceType: 'vpc', locale: region, netmaskLength: 26 }
  for (let n = 0; n < 2; n++) await estate.ask('POST', '/allocations', { ...took, scopeType: 'private' })
  const news = page.getByRole('button', { name: '2 new decisions' })
  await news.waitFor()
  assert.equal(await rows.count(), count)
  await picture(olga, 'news')
  await news.click()
  await rows.nth(count + 1).waitFor()
  await news.waitFor({ state: 'detached' })
})

test('the server goes away and comes back: said in one line, nothing typed is lost, and lists and their news go on', async () => {
  const { page } = olga
  await go(olga, '/decisions', 'Decisions')
  const form = await olga.context.newPage()
  await form.goto(`${estate.url}/console/decisions/${estate.ids.denied}`)
  const { reason, ask } = await askForException(form)
  await reason.fill('While it was away')
  await estate.stop()
  await ask.click()
  await form.getByText('The server does not answer.').waitFor()
  await page.bringToFront()
  await page.getByRole('button', { name: 'Load Decisions again' }).click()
  await page.getByText('The server does not answer.').waitFor()
  assert.ok((await page.getByRole('row').count()) > 1, 'old rows stay')
  await picture(olga, 'away')
  await estate.startAgain()
  await page.getByText('The server does not answer.').waitFor({ state: 'detached' })
  await estate.ask('POST', '/allocations', {
    ...{ account: estate.ids.account, resourceType: 'vpc', locale: region },
    ...{ netmaskLength: 26, scopeType: 'private' },
  })
  await page.getByRole('button', { name: /^\d+ new decisions?$/ }).waitFor()
  await form.bringToFront()
  await form.getByText('The server does not answer.').waitFor({ state: 'detached' })
  assert.equal(await reason.inputValue(), 'While it was away')
  await ask.click()
  await form.getByRole('heading', { level: 1, name: 'While it was away' }).waitFor()
  await form.close()
})

test('a link is a state: back and forward, and a colleague, find the same filters; an empty list says so', async () => {
  const { page } = olga
  await go(olga, '/decisions?outcome=deny', 'Decisions')
  await page.getByRole('row').nth(1).getByRole('link').first().click()
  await isShown(olga, 'Denied')
  await page.goBack()
  await isShown(olga, 'Decisions')
  assert.equal(new URL(page.url()).search, '?outcome=deny')
  await page.getByText('Outcome: deny').waitFor()
  await page.goForward()
  await isShown(olga, 'Denied')
  const anna = await signedIn('anna', 'approver')
  await go(anna, '/decisions?outcome=deny', 'Decisions')
  await anna.page.getByText('Outcome: deny').waitFor()
  assert.equal(await anna.page.getByRole('row').filter({ hasText: 'Allowed' }).count(), 0)
  await go(anna, '/decisions?outcome=warn', 'Decisions')
  await anna.page.getByText('Nothing matches these filters.').waitFor()
  await anna.page.getByRole('button', { name: 'Clear filters' }).click()
  await anna.page.getByRole('row').nth(1).waitFor()
  await anna.context.close()
})

test('names of 255 characters, from right to left and with markup, widen no page and run nowhere', async () => {
  const { page } = olga
  const long = `${'שלום<b>'.repeat(36)}xyz`
  assert.equal(long.length, 255)
  const asked = { account: estate.ids.account, resourceType: 'vpc', locale: region, netmaskLength: 27 }
  const { cidr } = await estate.ask('POST', '/allocations', {
    ...{ ...asked, scopeType: 'private', name: long.slice(0, 128), description: long, tags: { Owner: long } },
  })
  await page.setViewportSize(narrow)
  for (const path of [
    '/allocations',
    `/address?cidr=${cidr}`,
    '/decisions',
    '/changes',
    `/search?q=${encodeURIComponent(long.slice(0, 60))}`,
  ]) {
    await go(olga, path)
    await assertHarmless(olga, path)
  }
  await picture(olga, 'long-names')
  await page.setViewportSize(wide)
})
