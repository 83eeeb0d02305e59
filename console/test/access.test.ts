// Signing in, first minutes, the organization, roles, tokens and sessions: in a real browser, on one server.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { buildConsole } from '../../scripts/console.ts'
import { findViolations, isShown, narrow, openBrowser, openPage, signInBy, type Watched, wide } from './browser.ts'
import { type EmptyServer, openEmpty } from './estate.ts'

const pictures = process.env.CADASTRE_TEST_PICTURES
let server: EmptyServer
let browser: Browser
let olga: Watched

before(async () => {
  await buildConsole()
  server = await openEmpty()
  browser = await openBrowser()
  olga = await openPage(browser, server.url)
  if (pictures !== undefined) mkdirSync(pictures, { recursive: true })
})
after(async () => {
  await browser?.close()
  await server?.remove()
})

/** For people to look at, where somebody names a folder for them: wide and light, narrow and dark. */
async function picture({ page }: Watched, name: string): Promise<void> {
  if (pictures === undefined) return
  await page.screenshot({ path: join(pictures, `${name}.png`) })
  await page.setViewportSize(narrow)
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.screenshot({ path: join(pictures, `${name}-narrow.png`) })
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize(wide)
}

test('A9 a link signs nobody in who was not asked, and says whose session it ends', async () => {
  const link = await server.linkFor('olga', 'organization-administrator')
  const { page } = olga
  await page.goto(link)
  await page.getByRole('heading', { name: 'Sign in as olga?' }).waitFor()
  assert.equal(await page.evaluate(async () => (await fetch('/api/v1/me')).status), 401, 'nobody is signed in yet')
  assert.doesNotMatch(page.url(), /#/, 'the secret has left the address')
  assert.deepEqual(await findViolations(olga), [])
  await picture(olga, 'sign-in')
  await page.getByRole('button', { name: 'Do not sign in' }).click()
  await page.getByRole('heading', { name: 'Sign in as olga?' }).waitFor({ state: 'detached' })
  await signInBy(olga, link)

  const whoAmI = () =>
    page.evaluate(async () => ((await (await fetch('/api/v1/me')).json()) as { principal: string }).principal)
  const other = await server.linkFor('anna', 'approver')
  await page.goto(other)
  await page.getByText('This browser is signed in as olga').waitFor()
  await picture(olga, 'sign-in-as-another')
  await page.getByRole('button', { name: 'Stay olga' }).click()
  await isShown(olga, 'Overview')
  assert.equal(await whoAmI(), 'user:olga')
  await page.goto(`${server.url}/console/sign-in`)
  await page.getByRole('button', { name: 'Go on as olga' }).waitFor()
  await signInBy(olga, other)
  assert.equal(await whoAmI(), 'user:anna')
  await page.goto(other)
  await page.getByText('You are not signed in').waitFor()
  await page.getByText(/was used/).waitFor()
})

test('from nothing to a first denial that policy enforces: six forms, filled in already', async () => {
  olga = await openPage(browser, server.url)
  const { page } = olga
  await signInBy(olga, await server.linkFor('olga', 'organization-administrator'))
  await page.getByText('No policy is in force yet').waitFor()
  await page.getByRole('link', { name: 'First minutes' }).click()
  await isShown(olga, 'First minutes')
  assert.deepEqual(await findViolations(olga), [])
  await picture(olga, 'start')
  for (const act of ['Make the organization', 'Make the IPAM', 'Make the pool', 'Write the policy']) {
    await page.getByRole('button', { name: act }).click()
    await page.getByRole('button', { name: act }).waitFor({ state: 'detached' })
  }
  await picture(olga, 'start-half')
  await page.getByRole('button', { name: 'Assign the policy' }).click()
  await page.getByRole('button', { name: 'Ask for it' }).click()
  await page.getByText('Policy is enforced').waitFor()
  await picture(olga, 'start-done')
  await page.getByRole('link', { name: /^Why it was denied/ }).click()
  await isShown(olga, 'Denied')
  await page.getByText('The way to comply').waitFor()
  olga.clear()
  await page.goto(`${server.url}/console/start`)
  await page.getByText('Policy is enforced').waitFor()
  assert.ok(olga.asked.length <= 6, olga.asked.join(' '))
})

test('an example company is loaded in one click and thrown away in one, and nothing else is', async () => {
  const { page } = olga
  const listed = async (path: string): Promise<number> =>
    (await server.ask<{ items: unknown[] }>('GET', path)).items.length
  const kinds = ['/accounts', '/organizational-units', '/ipams', '/pools', '/policies', '/assignments', '/allocations']
  const count = () => Promise.all(kinds.map(listed))
  const before = await count()
  await page.getByRole('button', { name: 'Load it' }).click()
  await page.getByText('The example company is there.').waitFor()
  assert.deepEqual(
    (await count()).map((now, at) => now - before[at]!),
    [3, 3, 1, 3, 2, 2, 6],
  )
  await picture(olga, 'start-example')
  await page.goto(`${server.url}/console/`)
  await page.getByText('This server has an example company').waitFor()
  await picture(olga, 'overview-example')
  await page.getByRole('link', { name: 'First minutes' }).click()
  // Whoever governs a part of the organization may give its tag to what is theirs.
  const { rootId } = await server.ask('GET', '/organization')
  const theirs = await server.ask('POST', '/organizational-units', {
    parentId: rootId,
    name: 'theirs',
    tags: { 'cadastre-example': 'true' },
  })
  await page.getByRole('button', { name: 'Throw it away' }).click()
  const asked = page.getByRole('dialog')
  await asked.getByText(/example-shop/).waitFor()
  assert.doesNotMatch(await asked.innerText(), /theirs/)
  await asked.getByRole('button', { name: 'Throw it away' }).click()
  await page.getByText('The example company is gone.').waitFor()
  await server.ask('DELETE', `/organizational-units/${theirs.unitId}`)
  assert.deepEqual(await count(), before)

  const eve = await openPage(browser, server.url)
  await signInBy(eve, await server.linkFor('eve', 'auditor'))
  await eve.page.goto(`${server.url}/console/start`)
  const load = eve.page.getByRole('button', { name: 'Load it' })
  await load.focus()
  await eve.page.getByRole('tooltip').getByText('It takes the role organization-administrator').waitFor()
  await eve.context.close()
})

test('units and accounts are made, and an account is moved once it is seen what complies no more', async () => {
  const { page } = olga
  await page.goto(`${server.url}/console/organization`)
  await isShown(olga, 'Organization')
  await page.getByRole('button', { name: 'Make a unit' }).click()
  let dialog = page.getByRole('dialog', { name: 'Make a unit' })
  await dialog.getByRole('button', { name: 'Make it' }).click()
  await dialog.getByText('Say what it is called.').waitFor()
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Laboratory')
  await dialog.getByRole('button', { name: 'Make it' }).click()
  await page.getByText('The unit is made.').waitFor()
  await page.getByRole('button', { name: 'Make an account' }).click()
  dialog = page.getByRole('dialog', { name: 'Make an account' })
  await dialog.getByRole('textbox', { name: 'Name' }).fill('search')
  await dialog.getByRole('button', { name: /^Under/ }).click()
  await page.getByRole('option', { name: /^Laboratory/ }).click()
  await picture(olga, 'make-account')
  assert.deepEqual(await findViolations(olga), [])
  await dialog.getByRole('button', { name: 'Make it' }).click()
  await page.getByText('The account is made.').waitFor()
  await page.getByRole('link', { name: /^search/ }).waitFor()
  await picture(olga, 'organization')

  const { items } = await server.ask<{ items: { name: string; nodeId: string }[] }>('GET', '/organization/tree')
  const account = items.find(({ name }) => name === 'search')!.nodeId
  const { items: pools } = await server.ask<{ items: { poolId: string }[] }>('GET', '/pools')
  const asked = { account, resourceType: 'vpc', locale: 'eu-central-1', scopeType: 'private', netmaskLength: 20 }
  await server.ask('POST', '/allocations', { ...asked, poolId: pools[0]!.poolId })
  await page.getByRole('link', { name: /^search/ }).click()
  await page.getByRole('button', { name: 'Move it' }).click()
  await isShown(olga, 'Move search')
  await page.getByRole('button', { name: /^It is to hang under/ }).click()
  await page.getByRole('option', { name: /^Production/ }).click()
  await page.getByText('1 would comply no more').waitFor()
  assert.match(page.url(), /to=ou-/)
  await picture(olga, 'move')
  assert.deepEqual(await findViolations(olga), [])
  await page.getByRole('button', { name: 'Move it' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Move it' }).click()
  await page.getByText('The account has moved.').waitFor()
  await page.getByRole('heading', { level: 1, name: 'search', exact: true }).waitFor()
  await page.getByText('Production', { exact: true }).waitFor()
})

test('a role is given, forbidden and taken away; what it may is readable', async () => {
  const { page } = olga
  await page.goto(`${server.url}/console/roles`)
  await isShown(olga, 'Roles')
  const give = async (who: string, effect: string): Promise<void> => {
    await page.getByRole('button', { name: 'Give a role' }).click()
    const dialog = page.getByRole('dialog', { name: 'Give a role' })
    await dialog.getByRole('textbox', { name: 'Who' }).fill(who)
    await dialog.getByRole('button', { name: /^Where/ }).click()
    await page.getByRole('option', { name: /^Production/ }).click()
    await dialog.getByRole('button', { name: /^Effect/ }).click()
    await page.getByRole('option', { name: new RegExp(`^${effect}`) }).click()
    if (effect === 'permit') await picture(olga, 'give-role')
    assert.deepEqual(await findViolations(olga), [])
    await dialog.getByRole('button', { name: 'Give it' }).click()
    if (!who.includes(':')) {
      await dialog.getByText('Such as user:olga').waitFor()
      await dialog.getByRole('textbox', { name: 'Who' }).fill(`user:${who}`)
      await dialog.getByRole('button', { name: 'Give it' }).click()
    }
    await dialog.waitFor({ state: 'detached' })
  }
  await give('paul', 'permit')
  await give('group:interns', 'forbid')
  await picture(olga, 'roles')
  await page.getByRole('button', { name: /^Take away auditor of user:paul at Production/ }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Take away' }).click()
  await page.getByText('The role is taken away.').waitFor()
  await page.getByRole('button', { name: /^Take away auditor of user:paul/ }).waitFor({ state: 'detached' })
  await page.getByRole('button', { name: /^Lift auditor of group:interns/ }).waitFor()
})

test('where change control is required, a move is drafted as a change request', async () => {
  const { page } = olga
  const { items } = await server.ask<{ items: { ipamId: string }[] }>('GET', '/ipams')
  await server.ask('PATCH', `/ipams/${items[0]!.ipamId}`, { changeControl: 'required' })
  await page.goto(`${server.url}/console/organization`)
  await page.getByRole('link', { name: /^search/ }).click()
  await page.getByRole('button', { name: 'Move it' }).click()
  await page.getByRole('button', { name: /^It is to hang under/ }).click()
  await page.getByRole('option', { name: /^Laboratory/ }).click()
  await page.getByText('This takes a change request').waitFor()
  await picture(olga, 'move-controlled')
  await page.getByRole('button', { name: 'Draft one' }).click()
  await page.getByText('moveAccount').first().waitFor()
})

test('a token is shown once, and no query, address or store of the browser has it; this browser is told apart', async () => {
  const { page } = olga
  await page.goto(`${server.url}/console/tokens`)
  await isShown(olga, 'Tokens and sessions')
  assert.equal(await page.getByText('this browser').count(), 1)
  await page.getByRole('button', { name: 'Make a token' }).click()
  const dialog = page.getByRole('dialog', { name: 'Make a token' })
  await dialog.getByRole('textbox', { name: /^For the service/ }).fill('service:build')
  await dialog.getByRole('textbox', { name: /^Description/ }).fill('the pipeline')
  await dialog.getByRole('button', { name: 'Make it' }).click()
  const shown = page.getByRole('dialog', { name: 'The token' })
  const token = (await shown.getByText(/^cadastre_/).textContent())!
  await picture(olga, 'token')
  assert.deepEqual(await findViolations(olga), [])
  const whose = await fetch(`${server.url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })
  assert.equal(((await whose.json()) as { principal: string }).principal, 'service:build')
  await shown.getByRole('button', { name: 'I have kept it' }).click()
  await shown.waitFor({ state: 'detached' })
  const kept = await page.evaluate(
    'JSON.stringify([document.documentElement.outerHTML, location.href, history.state, { ...localStorage }, { ...sessionStorage }, document.cookie])',
  )
  assert.ok(!String(kept).includes(token), 'it is kept somewhere')
  await page.getByRole('button', { name: /^End the pipeline/ }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'End', exact: true }).click()
  await page.getByText('It has ended.').first().waitFor()
  const after = await fetch(`${server.url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })
  assert.equal(after.status, 401)
  await picture(olga, 'tokens')
})

test('signing out ends the session, and not the tokens that were made in it', async () => {
  const { page } = olga
  await page.getByRole('button', { name: 'Make a token' }).click()
  await page.getByRole('dialog', { name: 'Make a token' }).getByRole('button', { name: 'Make it' }).click()
  const shown = page.getByRole('dialog', { name: 'The token' })
  const token = (await shown.getByText(/^cadastre_/).textContent())!
  await shown.getByRole('button', { name: 'I have kept it' }).click()
  await page.getByRole('button', { name: /^olga/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await isShown(olga, 'Sign in to Cadastre')
  assert.equal(await page.evaluate(async () => (await fetch('/api/v1/me')).status), 401)
  const own = await fetch(`${server.url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })
  assert.equal(own.status, 200)
})
