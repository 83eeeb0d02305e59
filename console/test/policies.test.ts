// Policies in a real browser: written, enabled, compared, and what they would break.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { buildConsole } from '../../scripts/console.ts'
import { findViolations, isShown, narrow, openBrowser, openPage, signInBy, type Watched, wide } from './browser.ts'
import { type Estate, openEstate, region } from './estate.ts'

/** Screenshots are for people to look at, where somebody names a folder for them. */
const pictures = process.env.CADASTRE_TEST_PICTURES

let estate: Estate
let browser: Browser
let olga: Watched

before(async () => {
  await buildConsole()
  estate = await openEstate()
  browser = await openBrowser()
  olga = await openPage(browser, estate.url)
  if (pictures !== undefined) mkdirSync(pictures, { recursive: true })
  await signInBy(olga, await estate.linkFor('olga', 'organization-administrator'))
})
after(async () => {
  await browser?.close()
  await estate?.remove()
})

const go = async (path: string, heading?: string | RegExp): Promise<void> => {
  await olga.page.goto(`${estate.url}/console${path}`)
  await isShown(olga, heading)
}
/** For whoever looks: as it is, and narrow and dark. */
async function takePicture(name: string): Promise<void> {
  if (pictures === undefined) return
  const { page } = olga
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
  await page.setViewportSize(narrow)
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.screenshot({ path: join(pictures, `${name}-narrow.png`), fullPage: true })
  await page.setViewportSize(wide)
  await page.emulateMedia({ colorScheme: 'light' })
}

test('any two versions are compared in words, by a link, and an old one is restored', async () => {
  const { page } = olga
  const { policy, pool } = estate.ids
  const sized = { rules: [{ poolId: pool }], size: { min: 24, default: 26, max: 28 } }
  await estate.ask('PUT', `/policies/${policy}/documents/${region}/vpc`, sized)
  await go(`/policies/${policy}`, 'production')
  await page.getByRole('link', { name: /how it differs from others/ }).click()
  await isShown(olga, 'Versions of production')
  const differences = page.getByRole('table', { name: 'Differences' })
  await differences.getByRole('row', { name: 'IPv4 sizes none /24 to /28, /26 by default' }).waitFor()
  await takePicture('versions')
  await page.getByRole('link', { name: 'Differences of 2 from 1' }).click()
  await differences.getByRole('row', { name: /^Pool prod \(ipam-pool-.*\) none number 1/ }).waitFor()
  await page.getByRole('button', { name: 'Restore version 2' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click()
  await page.getByText('What version 2 says is in force again.').waitFor()
  await page.getByText('4 (in force)').waitFor()
})

test('fields and text of a document stay in step; what is wrong stands at its field, and what an account would get beside it', async () => {
  const { page } = olga
  const { account } = estate.ids
  await go(`/policies/${estate.ids.policy}`, 'production')
  await page.getByRole('link', { name: `${region} vpc` }).click()
  await isShown(olga, `vpc in ${region}`)
  await page.goto(`${page.url()}&account=${account}&netmaskLength=24`)
  await page.getByText('It can be saved, as version 5.').waitFor()
  const [largest, usual, smallest] = ['largest block', 'by default', 'smallest block'].map((part) =>
    page.getByRole('spinbutton', { name: `IPv4 sizes: ${part}` }),
  )
  await largest!.fill('28')
  await usual!.fill('27')
  await smallest!.fill('28')
  await page.getByText('min ≤ default ≤ max is expected').first().waitFor()
  await usual!.fill('28')
  const text = page.getByRole('textbox', { name: 'Document as JSON' })
  assert.deepEqual(JSON.parse(await text.inputValue()).size, { min: 28, default: 28, max: 28 })
  await page
    .getByText(/does not allow a \/24|\/24 is outside/)
    .first()
    .waitFor()
  await page.getByRole('heading', { name: 'The way through the documents' }).waitFor()
  await takePicture('document')
  await page.getByRole('button', { name: 'For everybody: conditions of pool 1' }).click()
  await page.getByRole('textbox', { name: 'Tags of the account or its units, pool 1' }).fill('stage=production|test')
  await page.getByRole('button', { name: /Accounts, pool 1/ }).click()
  await page.getByRole('option', { name: /^network/ }).click()
  await page.keyboard.press('Escape')
  await page
    .getByRole('row', { name: /when the account is network \(\d{12}\) and its tag stage is production or test/ })
    .waitFor()
  assert.equal(JSON.parse(await text.inputValue()).rules[0].when.tags[0].values.length, 2)
  await takePicture('conditions')
  await text.fill('{ "rules": [')
  await page
    .getByText(/^This is not JSON/)
    .last()
    .waitFor()
  await text.fill(JSON.stringify({ rules: [{ poolId: estate.ids.pool }, { poolId: 'ipam-pool-0000' }] }))
  await page
    .getByText(/ipam-pool-0000.* is malformed|ipam-pool-0000/)
    .first()
    .waitFor()
  assert.equal(await page.getByRole('button', { name: /Pool 2 ipam-pool-0000/ }).count(), 1)
  assert.deepEqual(await findViolations(olga), [])
  assert.deepEqual(
    olga.said.filter((line) => !/status of 40[04]/.test(line)),
    [],
  )
})

test('what somebody else has changed meanwhile is shown and not overwritten', async () => {
  const { page } = olga
  const { policy, pool } = estate.ids
  const path = `/policies/${policy}/documents/${region}/vpc`
  await go(`/policies/${policy}/document?locale=${region}&resourceType=vpc`, `vpc in ${region}`)
  await page.getByRole('textbox', { name: 'Required tags' }).fill('team, stage=production')
  await estate.ask('PUT', path, { rules: [{ poolId: pool }], onExhausted: 'provider' })
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Somebody else has changed this document meanwhile').waitFor()
  await page
    .getByRole('table', { name: 'What they changed' })
    .getByRole('row', { name: 'All are full deny provider' })
    .waitFor()
  await takePicture('changed')
  assert.equal((await estate.ask('GET', path)).onExhausted, 'provider')
  await page.getByRole('button', { name: 'Keep mine' }).click()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The document is saved').waitFor()
  const saved = await estate.ask<{ onExhausted: string; requiredTags: object[] }>('GET', path)
  assert.deepEqual(
    [saved.onExhausted, saved.requiredTags],
    ['deny', [{ key: 'team' }, { key: 'stage', value: 'production' }]],
  )
  await estate.ask('PUT', path, { rules: [{ poolId: pool }] })
})

test('what a stricter document would break is found by simulation, with samples that lead to decisions', async () => {
  const { page } = olga
  await go(`/policies/${estate.ids.policy}/document?locale=${region}&resourceType=vpc`, `vpc in ${region}`)
  await page.getByRole('textbox', { name: 'Required tags' }).fill('team')
  await page.getByRole('button', { name: 'What would break?' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'What would break?' }).click()
  await isShown(olga, 'What the change would break')
  const groups = page.getByRole('table', { name: 'By account, type and locale' })
  await groups.getByRole('link', { name: /^newly denied: decision-/ }).waitFor()
  await takePicture('simulation')
  await page.getByRole('button', { name: 'Cancel it' }).focus()
  await page.getByRole('tooltip').getByText('It is over.').waitFor()
  await groups.getByRole('link', { name: /^newly denied: decision-/ }).click()
  await isShown(olga, 'Allowed')
})

test('a drafted version is a candidate on live traffic: where it would answer otherwise is listed, with decisions', async () => {
  const { page } = olga
  const { policy, account } = estate.ids
  await go(`/policies/${policy}/document?locale=${region}&resourceType=vpc`, `vpc in ${region}`)
  await page.getByRole('textbox', { name: 'Required tags' }).fill('team')
  await page.getByRole('button', { name: 'Draft a version' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Draft a version' }).click()
  await page.getByRole('table', { name: 'Differences' }).getByRole('row', { name: 'Required tags none team' }).waitFor()
  const drafted = new URL(page.url()).searchParams.get('to')!
  await go(`/policies/${policy}`, 'production')
  await page.getByRole('link', { name: 'Candidate on Prod' }).click()
  await isShown(olga, 'Candidate of production on Prod')
  await page.getByRole('button', { name: /^Version/ }).click()
  await page.getByRole('option', { name: `Version ${drafted}` }).click()
  await page.getByRole('button', { name: 'Make it the candidate' }).click()
  await page.getByText('So far it would have answered everything alike.').waitFor()
  await estate.ask('POST', '/allocations', {
    ...{ account, resourceType: 'vpc', locale: region, scopeType: 'private', netmaskLength: 26 },
  })
  await page.reload()
  await page.getByRole('link', { name: /^allow → deny/ }).click()
  await isShown(olga, 'Allowed')
  await page.goBack()
  await takePicture('candidate')
  await page.getByRole('button', { name: 'Take it away' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Take it away' }).click()
  await page.getByText('There is no candidate yet').waitFor()
})

test('a policy is made, written and enabled; a conflict is named before; the matrix says what is in force where', async () => {
  const { page } = olga
  await go('/policies', 'Policies')
  await page.getByRole('button', { name: 'Make a policy' }).click()
  await isShown(olga, 'Make a policy')
  await page.getByRole('button', { name: 'Make the policy' }).click()
  await page.getByText('Say a name.').waitFor()
  await page.getByRole('textbox', { name: 'Name' }).fill('laboratory')
  await takePicture('new')
  await page.getByRole('button', { name: 'Make the policy' }).click()
  await isShown(olga, 'laboratory')
  await page.getByRole('button', { name: 'Change', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Change this policy' })
  await dialog.getByRole('textbox', { name: 'Contact' }).fill('lab@example.com')
  await dialog.getByRole('button', { name: 'Change', exact: true }).click()
  await page.getByText('lab@example.com').waitFor()
  await page.getByRole('button', { name: 'Write a document' }).click()
  await isShown(olga, 'A document for laboratory')
  await page.getByRole('button', { name: /^Resource type / }).click()
  await page.getByRole('option', { name: /^vpc/ }).click()
  await page.getByRole('button', { name: 'Go on' }).click()
  await isShown(olga, `vpc in ${region}`)
  await page.getByRole('button', { name: 'Add a pool' }).click()
  await page.getByRole('button', { name: /Pool 1 Choose/ }).click()
  await page.getByRole('option', { name: /^lab/ }).click()
  await page.getByText('It can be saved, as version 2.').waitFor()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The document is saved').waitFor()
  await page.getByRole('link', { name: 'laboratory' }).click()
  await isShown(olga, 'laboratory')
  await page.getByRole('button', { name: 'Enable it' }).click()
  await isShown(olga, 'Enable laboratory')
  await page.getByRole('button', { name: /^Where / }).click()
  await page.getByRole('option', { name: /^Prod/ }).click()
  for (const [label, value] of [
    ['As', /^final/],
    ['Mode', /^enforce/],
  ] as const) {
    await page.getByRole('button', { name: new RegExp(`^${label} `) }).click()
    await page.getByRole('option', { name: value }).click()
  }
  await page.getByText('It cannot be met together with another policy').waitFor()
  await page
    .getByRole('link', { name: /production/ })
    .first()
    .waitFor()
  await takePicture('assignment')
  await page.getByRole('button', { name: 'What would break?' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'What would break?' }).click()
  await page
    .getByRole('dialog')
    .getByText(/cannot both be met/)
    .waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: /^Mode / }).click()
  await page.getByRole('option', { name: /^observe/ }).click()
  await page.getByText('It can be enabled there.').waitFor()
  await page.getByRole('main').getByRole('button', { name: 'Enable it' }).click()
  await isShown(olga, 'laboratory')

  await page.getByRole('link', { name: 'Candidate on Prod' }).click()
  await isShown(olga, 'Candidate of laboratory on Prod')
  await page.getByRole('button', { name: /^Mode/ }).click()
  await page.getByRole('option', { name: 'warn' }).click()
  await page.getByRole('button', { name: 'Make it the candidate' }).click()
  await page.getByText('So far it would have answered everything alike.').waitFor()
  await page.getByRole('button', { name: 'Promote' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Promote' }).click()
  await page.getByText('There is no candidate yet').waitFor()

  await go('/policies/matrix', 'What is in force where')
  const cells = page.getByRole('row', { name: /^Prod/ })
  await cells.getByText('laboratory').waitFor()
  assert.match((await cells.textContent())!, /production.*enforce.*enabled here.*laboratory.*warn.*would narrow it/)
  await takePicture('matrix')
  await cells.getByRole('link', { name: 'laboratory' }).click()
  await isShown(olga, `vpc in ${region}`)
})

test('whoever may only read sees the document, and why it is not theirs to change', async () => {
  const vera = await openPage(browser, estate.url)
  await signInBy(vera, await estate.linkFor('vera', 'auditor'))
  await vera.page.goto(`${estate.url}/console/policies/${estate.ids.policy}/document?locale=${region}&resourceType=vpc`)
  await vera.page.getByText('You may not change this').waitFor()
  const save = vera.page.getByRole('button', { name: 'Save' })
  await save.focus()
  await vera.page
    .getByRole('tooltip')
    .getByText(/policy:manage/)
    .waitFor()
  assert.equal(await save.getAttribute('aria-disabled'), 'true')
  await vera.context.close()
})

test('where change control is required, a save becomes a change request', async () => {
  const { page } = olga
  const { policy } = estate.ids
  const { ipamId } = await estate.ask('GET', `/policies/${policy}`)
  await estate.ask('PATCH', `/ipams/${ipamId}`, { changeControl: 'required' })
  await go(`/policies/${policy}/document?locale=${region}&resourceType=vpc`, `vpc in ${region}`)
  await page.getByRole('textbox', { name: 'Required tags' }).fill('team')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('This takes a change request').waitFor()
  await page.getByRole('button', { name: 'Draft one' }).click()
  await isShown(olga, 'Asked for in the console')
  await page
    .getByText(/Write what .* says of vpc in/)
    .first()
    .waitFor()
})
