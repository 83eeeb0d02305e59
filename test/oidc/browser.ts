// What a person does at a provider: a browser without a screen, for tests of the sign-in.
import assert from 'node:assert/strict'

/** Follows redirects, keeps cookies, fills in forms; stops at the command's own port. */
class Browser {
  readonly #cookies = new Map<string, string>()
  readonly #stopAt: string

  constructor(stopAt: string) {
    this.#stopAt = stopAt
  }
  /** As it sends them to the host of an address. */
  cookiesFor(url: string): string {
    const { host } = new URL(url)
    const cookies = [...this.#cookies].filter(([key, value]) => key.startsWith(`${host} `) && value !== '')
    return cookies.map(([key, value]) => `${key.split(' ')[1]}=${value}`).join('; ')
  }
  async open(url: string, body?: URLSearchParams): Promise<{ url: string; text: string; status: number }> {
    for (let hops = 0; hops < 20; hops++) {
      if (url.startsWith(this.#stopAt)) return { url, text: '', status: 0 }
      const { host } = new URL(url)
      const response: Response = await fetch(url, {
        method: body ? 'POST' : 'GET',
        redirect: 'manual',
        headers: { cookie: this.cookiesFor(url) },
        ...(body ? { body } : {}),
      })
      for (const cookie of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
        this.#cookies.set(`${host} ${name}`, value!)
      }
      const location = response.headers.get('location')
      if (location === null) return { url, text: await response.text(), status: response.status }
      url = new URL(location, url).href
      body = undefined
    }
    assert.fail('too many redirects')
  }
  /** Fills in the form that is shown. */
  async submit(text: string, fields: Record<string, string>): Promise<{ url: string; text: string; status: number }> {
    const action = /action="([^"]+)"/.exec(text)?.[1]
    const prompt = /name="prompt" value="([^"]+)"/.exec(text)?.[1]
    assert(action && prompt, text.slice(0, 500))
    return this.open(action, new URLSearchParams({ prompt, ...fields }))
  }
}

/** Signs in as somebody, from the page that a command names to the address where the browser ends. */
export async function signInAs(name: string, page: string): Promise<{ url: string; text: string; status: number }> {
  const port = new URL(page).searchParams.get('port')
  return signInWith(new Browser(`http://127.0.0.1:${port}/`), name, page)
}
async function signInWith(browser: Browser, name: string, page: string) {
  const login = await browser.open(page)
  const consent = await browser.submit(login.text, { login: name, password: 'any' })
  return browser.submit(consent.text, {})
}
/** The browser itself is signed in; answers where it stops, which begins with `stopAt`, and the cookies that it has for that. */
export async function signInBrowserAs(
  name: string,
  page: string,
  stopAt: string,
): Promise<{ url: string; cookie: string }> {
  const browser = new Browser(stopAt)
  const { url, status, text } = await signInWith(browser, name, page)
  assert.equal(status, 0, text)
  return { url, cookie: browser.cookiesFor(url) }
}
