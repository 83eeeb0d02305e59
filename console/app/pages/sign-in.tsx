// Signing in: by the operator's link, which is good once, or with OpenID Connect.
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { type ReactNode, useEffect, useState } from 'react'
import { redirect, useLoaderData, useSearchParams } from 'react-router'
import { apiPath, openSession, type SignInWays, signInWays } from '../api/client.ts'
import { queries } from '../api/queries.ts'

interface Ways extends SignInWays {
  readonly problem?: string
}

/** Only to pages of the console: never to another site, whatever the link says. */
const ownPath = (path: string | null): string => (path !== null && /^\/(?![/\\])/.test(path) ? path : '/')

export async function loader({ request }: { request: Request }): Promise<Ways | Response> {
  // The secret is in the fragment, which no server gets to see, and leaves the address before anything else is done.
  const code = location.hash.slice(1)
  if (code !== '') history.replaceState(history.state, '', location.pathname + location.search)
  if (code === '') return signInWays()
  try {
    await openSession(code)
    queries.clear()
    return redirect(ownPath(new URL(request.url).searchParams.get('returnTo')))
  } catch (error) {
    return { ...(await signInWays()), problem: (error as Error).message }
  }
}

export function Component(): ReactNode {
  const { provider, cookies, problem } = useLoaderData<Ways>()
  const [params] = useSearchParams()
  const [isGoing, setGoing] = useState(false)
  useEffect(() => {
    document.title = 'Sign in – Cadastre'
    // Another link that is put into the address of this page is no other page to the browser.
    const again = (): void => location.reload()
    addEventListener('hashchange', again)
    return () => removeEventListener('hashchange', again)
  }, [])
  return (
    <main style={{ maxInlineSize: 560, margin: '12vh auto', padding: '0 16px' }}>
      <Container header={<Header variant="h1">Sign in to Cadastre</Header>}>
        <SpaceBetween size="l">
          {problem === undefined ? null : (
            <Alert type="error" header="You are not signed in">
              <bdi className="text">{problem}</bdi>
            </Alert>
          )}
          {cookies ? null : (
            <Alert type="warning" header="Nobody can sign in here">
              A browser is signed in over TLS, or on the machine of the server. Set CADASTRE_PUBLIC_URL to the https
              address of the server.
            </Alert>
          )}
          {provider && cookies ? (
            <Button
              variant="primary"
              loading={isGoing}
              onClick={() => {
                setGoing(true)
                // The server knows its pages without what a proxy puts before them.
                const to = `/console${ownPath(params.get('returnTo'))}`
                location.assign(`${apiPath}/sign-in/browser?to=${encodeURIComponent(to)}`)
              }}
            >
              Sign in with your organization
            </Button>
          ) : null}
          <Box>
            <p>At the server, an operator makes a link that signs one browser in, once:</p>
            <pre className="commands">cadastre operator console</pre>
          </Box>
        </SpaceBetween>
      </Container>
    </main>
  )
}
