// The console under attack, in a real browser (threat model A9, I7, I8): other sites, stolen sessions, and whatever somebody may write.
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { consoleSecurityPolicy, filePolicy } from '#api/console-files.ts'
import { buildConsole } from '../../scripts/console.ts'
import { assertHarmless, isShown, openBrowser, openPage, type Watched } from './browser.ts'
import { type Estate, openEstate, payload, region } from './estate.ts'

let estate: Estate
let browser: Browser
let olga: Watched
/** The secret of the link that she signed in with. */
let code: string
/** A site of somebody else, by two names: of the very host on which the console is, and of another one. */
let evil: Server
let evilSites: readonly string[]

before(async () => {
  await buildConsole()
  estate = await openEstate()
  browser = await openBrowser()
  evil = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Prizes</title><body></body>')
  })
  await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve))
  const { port } = evil.address() as AddressInfo
  // Cookies know no ports: what the first one asks goes with the cookies of the console.
  evilSites = [`http://127.0.0.1:${port}`, `http://localhost:${port}`]
  const link = await estate.linkFor('olga', 'organization-administrator')
  code = link.slice(link.indexOf('#') + 1)
  olga = await signIn(link)
})
after(async () => {
  await browser?.close()
  evil?.close()
  await estate?.remove()
})

async function signIn(link: string): Promise<Watched> {
  const watched = await openPage(browser, estate.url)
  const { page } = watched
  await page.goto(link)
  // Where the link asks first as whom it signs in.
  const yes = page.getByRole('button', { name: /^Sign in as / })
  await yes
    .or(page.getByRole('heading', { level: 1, name: 'Overview' }))
    .first()
    .waitFor()
  if (await yes.isVisible()) await yes.click()
  await isShown(watched, 'Overview')
  return watched
}
const cookiesOf = async (of: Watched): Promise<Record<'session' | 'page', { name: string; value: string }>> => {
  const all = await of.context.cookies(estate.url)
  const find = (word: string) => all.find(({ name }) => name.endsWith(`cadastre-${word}`))!
  return { session: find('session'), page: find('page') }
}
const unitsNow = async (): Promise<readonly string[]> =>
  (await estate.ask<{ items: { name: string }[] }>('GET', '/organizational-units?limit=1000')).items.map(
    ({ name }) => name,
  )
const waitMs = 20_000
/** What runs in a page is text here: this program knows no document. */
const inPage = <T>(page: Page, script: string): Promise<T> => page.evaluate(script) as Promise<T>

test('I8 no other site makes a browser change anything, or reads an answer: forms, scripts, images and frames of the same host and of another', async () => {
  const { context } = olga
  const root = (
    await estate.ask<{ items: { nodeId: string; kind: string }[] }>('GET', '/organization/tree')
  ).items.find(({ kind }) => kind === 'root')!.nodeId
  const before = await unitsNow()
  const body = JSON.stringify({ name: 'Forged', parentId: root })
  const target = `${estate.url}/api/v1/organizational-units`
  for (const site of evilSites) {
    const page = await context.newPage()
    page.setDefaultTimeout(waitMs)
    const answers: { method: string; url: string; status: number }[] = []
    page.on('response', (response) => {
      const url = response.url()
      if (url.startsWith(estate.url))
        answers.push({ method: response.request().method(), url, status: response.status() })
    })
    await page.goto(site)
    // A script: without leave to read, which needs none of the server; and asking for leave, which it does not give.
    const read = await inPage<string[]>(
      page,
      `Promise.all([
        fetch(${JSON.stringify(target)}, { method: 'POST', mode: 'no-cors', credentials: 'include', headers: { 'content-type': 'text/plain' }, body: ${JSON.stringify(body)} }).then((r) => r.type),
        fetch(${JSON.stringify(`${estate.url}/api/v1/me`)}, { credentials: 'include' }).then((r) => r.text(), (e) => e.name),
        fetch(${JSON.stringify(target)}, { method: 'POST', credentials: 'include', headers: { 'content-type': 'application/json', 'x-cadastre-page': 'guessed' }, body: ${JSON.stringify(body)} }).then((r) => r.text(), (e) => e.name),
        new Promise((done) => { const image = document.createElement('img'); image.onload = image.onerror = (e) => done(e.type); document.body.append(image); image.src = ${JSON.stringify(`${estate.url}/api/v1/pools`)} }),
      ])`,
    )
    assert.deepEqual(read, ['opaque', 'TypeError', 'TypeError', 'error'], site)
    // A form, with a body that is JSON all the same.
    const [name, value] = [body.slice(0, -1), '}']
    await Promise.all([
      // Until it is there: a page that is closed on its way hangs.
      page.waitForURL(target),
      inPage(
        page,
        `(() => {
          const form = document.createElement('form')
          Object.assign(form, { method: 'post', enctype: 'text/plain', action: ${JSON.stringify(target)} })
          const field = document.createElement('input')
          Object.assign(field, { name: ${JSON.stringify(`${name},"x":"`)}, value: ${JSON.stringify(`"${value}`)} })
          form.append(field)
          document.body.append(form)
          // Once this has answered: what goes away with its page answers nothing.
          setTimeout(() => form.submit())
        })()`,
      ),
    ])
    assert.ok(answers.length >= 2, JSON.stringify(answers))
    for (const { method, url, status } of answers)
      assert.ok([401, 403, 404, 405].includes(status), `${site}: ${method} ${url} was answered ${status}`)
    // From the same host the cookies come along, and it is refused for where it comes from.
    if (site === evilSites[0])
      assert.ok(
        answers.some(({ status }) => status === 403),
        JSON.stringify(answers),
      )
    await page.close()
  }
  assert.deepEqual(await unitsNow(), before)
})

test('I8 no other site shows the console inside of its own, or keeps a hold of a window with it', async () => {
  for (const site of evilSites) {
    const page = await olga.context.newPage()
    await page.goto(site)
    const blocked = page.waitForEvent('console', (message) =>
      /frame-ancestors|Refused to frame|Framing/.test(message.text()),
    )
    await inPage(
      page,
      `(() => { const frame = document.createElement('iframe'); frame.src = ${JSON.stringify(`${estate.url}/console/`)}; document.body.append(frame) })()`,
    )
    await blocked
    const framed = page.frames().find((frame) => frame !== page.mainFrame())
    assert.doesNotMatch(framed?.url() ?? '', /\/console/)
    // A window of its own: what opened it has no hold of it.
    const [opened] = await Promise.all([
      olga.context.waitForEvent('page'),
      inPage(page, `void setTimeout(() => (window.theirs = window.open(${JSON.stringify(`${estate.url}/console/`)})))`),
    ])
    await opened.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    assert.equal(await inPage(page, 'window.theirs.closed'), true, site)
    assert.equal(await inPage(opened, 'window.opener === null'), true, site)
    await opened.close()
    await page.close()
  }
})

test('A9 a stolen session changes nothing without what our page knows of it, nor with what the page of another session knows, and ends with it', async () => {
  const carl = await signIn(await estate.linkFor('carl', 'organization-administrator'))
  const [his, hers] = [await cookiesOf(carl), await cookiesOf(olga)]
  assert.notEqual(his.session.value, hers.session.value)
  // A thief with another browser.
  const thief = (headers: Record<string, string>, method = 'POST') =>
    fetch(`${estate.url}/api/v1/organizational-units`, {
      method,
      headers: {
        'user-agent': 'curl/8',
        'content-type': 'application/json',
        cookie: `${his.session.name}=${his.session.value}`,
        ...headers,
      },
      ...(method === 'POST' ? { body: JSON.stringify({ name: 'Stolen', parentId: 'r-none' }) } : {}),
    })
  const codeOf = async (response: Response) => ((await response.json()) as { code?: string }).code
  assert.equal(await codeOf(await thief({})), 'CrossSiteRequest')
  assert.equal(await codeOf(await thief({ 'x-cadastre-page': hers.page.value })), 'CrossSiteRequest')
  assert.equal(await codeOf(await thief({ 'x-cadastre-page': his.session.value })), 'CrossSiteRequest')
  // Two sessions at once are none; a session is no bearer token; neither is what the page knows a session.
  const both = `${his.session.name}=${his.session.value}; ${his.session.name}=${hers.session.value}`
  assert.equal((await thief({ cookie: both }, 'GET')).status, 401)
  assert.equal((await thief({ cookie: '', authorization: `Bearer ${his.session.value}` }, 'GET')).status, 401)
  assert.equal((await thief({ cookie: `${his.session.name}=${his.page.value}` }, 'GET')).status, 401)
  assert.equal((await thief({}, 'GET')).status, 200, 'whoever has all of the cookie reads until the session ends')
  // Signing out ends it for every copy.
  await carl.page.getByRole('button', { name: /^carl/ }).click()
  await carl.page.getByRole('menuitem', { name: 'Sign out' }).click()
  await isShown(carl, 'Sign in to Cadastre')
  assert.equal((await thief({}, 'GET')).status, 401)
  assert.equal((await thief({ 'x-cadastre-page': his.page.value })).status, 401)
  await carl.context.close()
})

test('A9 a session that somebody put into the browser before is none once the person has signed in', async () => {
  const planted = await openPage(browser, estate.url)
  const hers = await cookiesOf(olga)
  await planted.context.addCookies([{ name: hers.session.name, value: 'planted-by-somebody-else', url: estate.url }])
  await planted.page.goto(`${estate.url}/console/`)
  await isShown(planted, 'Sign in to Cadastre')
  await planted.context.close()
})

test('A9 no secret stays in the address, in the history or in what the browser stores, and no script reads the session', async () => {
  const { page, context } = olga
  const { session, page: known } = await cookiesOf(olga)
  const devtools = await context.newCDPSession(page)
  const { entries } = await devtools.send('Page.getNavigationHistory')
  await devtools.detach()
  const kept = await inPage<string>(
    page,
    `JSON.stringify({
      cookie: document.cookie, local: { ...localStorage }, session: { ...sessionStorage }, state: history.state, name: window.name,
      loaded: performance.getEntriesByType('resource').map(({ name }) => name), html: document.documentElement.outerHTML,
    })`,
  )
  const addresses = entries.map(({ url }) => url)
  for (const text of [JSON.stringify(addresses), kept]) {
    assert.ok(!text.includes(session.value), 'the session is kept')
    assert.ok(!text.includes(code), 'the secret of the link is kept')
  }
  const { cookie, ...rest } = JSON.parse(kept) as Record<string, unknown> & { cookie: string }
  assert.equal(cookie, `${known.name}=${known.value}`)
  assert.ok(!JSON.stringify(rest).includes(known.value))
})

test('I7 every answer below /console has the whole policy, also where there is nothing, and no answer is a page that scripts can be put into', async () => {
  const { url } = estate
  const page = await (await fetch(`${url}/console/`)).text()
  const [script] = /\/console\/assets\/[^"]+\.js/.exec(page)!
  const asked: readonly (readonly [string, string, number])[] = [
    ['GET', '/console', 200],
    ['GET', '/console/', 200],
    ['HEAD', '/console/', 200],
    ['GET', '/console/pools/%3Cscript%3Ealert(1)%3C%2Fscript%3E', 200],
    ['GET', '/console/nowhere/at/all?x=<script>', 200],
    ['GET', script, 200],
    ['GET', '/console/assets/none.js', 404],
    ['GET', '/console/assets/%3Cimg%20src=x%20onerror=alert(1)%3E.html', 404],
    ['GET', '/console/..%2fapi%2fv1%2fme.txt', 404],
    ['GET', '/console/licenses.md', 404],
    ['POST', '/console/', 405],
    ['PUT', '/console/assets/none.js', 405],
    ['DELETE', '/console/%00', 405],
  ]
  for (const [method, path, status] of asked) {
    const response = await fetch(url + path, { method })
    const at = `${method} ${path}`
    assert.equal(response.status, status, at)
    const policy = path === script ? filePolicy : consoleSecurityPolicy
    assert.equal(response.headers.get('content-security-policy'), policy, at)
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff', at)
    assert.equal(response.headers.get('cross-origin-opener-policy'), 'same-origin', at)
    assert.equal(response.headers.get('cross-origin-resource-policy'), 'same-origin', at)
    assert.equal(response.headers.get('referrer-policy'), 'same-origin', at)
    assert.equal(response.headers.get('access-control-allow-origin'), null, at)
    const text = await response.text()
    if (status === 200 && method === 'GET' && path !== script) assert.equal(text, page, at)
    if (status !== 200) assert.doesNotMatch(text, /</, at)
  }
  const scripts = /script-src ([^;]*)/.exec(consoleSecurityPolicy)![1]
  assert.equal(scripts, "'self'", 'nothing inline, and nothing from text')
  assert.equal(/style-src ([^;]*)/.exec(consoleSecurityPolicy)![1], "'self'", 'an injected attribute paints nothing')
  assert.match(consoleSecurityPolicy, /require-trusted-types-for 'script'; trusted-types 'none'/)
})

test('I7 whatever somebody may write is text on every page that shows it, whichever way it is written', async () => {
  const { ids, ask } = estate
  const tags = { '<b>Tag</b>': payload, Owner: payload }
  const tree = (await ask<{ items: { nodeId: string; kind: string }[] }>('GET', '/organization/tree')).items
  const root = tree.find(({ kind }) => kind === 'root')!.nodeId
  // Of names no slash, and of contacts no backtick, is taken.
  const markup = `<img src=x onerror="window.hit=1">'"${'$'}{7*7} שלום`
  const contact = payload.replaceAll('`', '')
  const written: Record<string, string> = {}
  /** What may be refused is: then nobody reads it. */
  const write = async (method: string, path: string, body: object): Promise<Record<string, string>> => {
    try {
      const done = await ask(method, path, body)
      written[`${method} ${path.replaceAll(/[a-z-]+-[0-9a-f]{15,}|[0-9]{12}/g, '…')}`] = 'done'
      return done
    } catch (error) {
      written[`${method} ${path}`] = String(error)
      return {}
    }
  }
  const { unitId } = await write('POST', '/organizational-units', { name: markup, parentId: root, tags })
  await write('POST', '/accounts', {
    name: `${markup.slice(0, 38)} 2`,
    parentId: unitId ?? root,
    contact,
    tags,
  })
  await write('PATCH', `/policies/${ids.policy}`, { name: markup, contact, tags })
  await write('PATCH', `/pools/${ids.pool}`, { name: markup, description: payload, contact, tags })
  const { items: ipams } = await ask<{ items: { ipamId: string; privateScopeId: string }[] }>('GET', '/ipams')
  await write('PATCH', `/ipams/${ipams[0]!.ipamId}`, { name: markup, description: payload, tags })
  await write('PATCH', `/scopes/${ipams[0]!.privateScopeId}`, { name: markup, description: payload, tags })
  await write('POST', '/sources', { name: markup, kind: 'csv', node: root })
  await write('POST', '/tokens', { description: payload, expiresInSeconds: 3_600 })
  await write('POST', '/resource-types', {
    resourceType: 'marked',
    summary: payload,
    scopeTypes: ['private'],
    takes: 'cidr',
  })
  const asking = {
    target: ids.account,
    locale: region,
    resourceType: 'vpc',
    poolId: ids.pool,
    for: '1h',
    reason: payload,
  }
  const { exceptionId } = await write('POST', '/exceptions/break-glass', asking)
  await write('POST', `/exceptions/${exceptionId}/revoke`, { note: payload })
  await write('PATCH', `/change-requests/${ids.changeRequest}`, {
    reason: payload,
    operations: [
      { operation: 'createUnit', input: { name: `${markup} new`, parentId: root, tags } },
      {
        operation: 'updatePool',
        input: { poolId: ids.pool, description: `${payload} more`, tags: { ...tags, New: payload } },
      },
    ],
  })
  const done = Object.values(written).filter((one) => one === 'done').length
  assert.ok(done >= 11, JSON.stringify(written, null, 1))
  const { page } = olga
  const query = encodeURIComponent(payload)
  const paths = [
    '/',
    '/waiting',
    '/pools',
    `/pools/${ids.pool}`,
    '/allocations',
    `/allocations?tag=${query}`,
    '/address?cidr=10.20.0.7',
    `/address?cidr=${query}`,
    `/account?id=${ids.account}`,
    `/account?id=${query}`,
    `/search?q=${query}`,
    `/decisions?account=${query}`,
    `/decisions/${ids.denied}`,
    `/decisions/${query}`,
    `/try?account=${query}&resourceType=${query}&locale=${query}`,
    '/policies',
    `/policies/${ids.policy}`,
    '/exceptions',
    `/exceptions/${ids.exception}`,
    `/exceptions/${exceptionId}`,
    '/exceptions/new',
    '/change-requests',
    `/change-requests/${ids.changeRequest}`,
    `/change-requests/${ids.changeRequest}/edit`,
    '/changes',
    `/changes?principal=${query}`,
    '/compliance',
    '/findings',
    '/sources',
    '/organization',
    '/roles',
    '/tokens',
    `/sign-in?returnTo=${encodeURIComponent('//elsewhere.example/')}`,
    `/${query}`,
  ]
  const wrong: string[] = []
  for (const path of paths) {
    olga.clear()
    await page.goto(`${estate.url}/console${path}`)
    await isShown(olga)
    await assertHarmless(olga, path)
    wrong.push(...olga.said.filter((line) => !/status of (400|404)/.test(line)).map((line) => `${path}: ${line}`))
    const made = await inPage<number>(
      page,
      `document.querySelectorAll('img[src=x], bdi b, [onerror], main script').length`,
    )
    if (made > 0) wrong.push(`${path}: markup was made of text`)
  }
  assert.deepEqual(wrong, [])
})
