// Signing in: by the operator's link, which is good once, or with OpenID Connect. It says as whom before it does.
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { type ReactNode, useEffect, useState } from 'react'
import { useLoaderData, useNavigate, useSearchParams } from 'react-router'
import {
  apiPath,
  endSession,
  findSession,
  openSession,
  personOfLink,
  type Session,
  type SignInWays,
  signInWays,
} from '../api/client.ts'
import { queries } from '../api/queries.ts'

interface Found extends SignInWays {
  /** Who is signed in in this browser already. */
  readonly present: Session | undefined
  /** What the link would do; undefined where there is none, or none that is good. */
  readonly link: { readonly code: string; readonly principal: string } | undefined
  readonly problem?: string
}

/** Only to pages of the console: never to another site, whatever the link says. */
const ownPath = (path: string | null): string => (path !== null && /^\/(?![/\\])/.test(path) ? path : '/')
const nameOf = (principal: string): string => principal.replace(/^user:/, '')

export async function loader(): Promise<Found> {
  // The secret is in the fragment, which no server gets to see, and leaves the address before anything else is done.
  const code = location.hash.slice(1)
  if (code !== '') history.replaceState(history.state, '', location.pathname + location.search)
  const [ways, present, link] = await Promise.all([
    signInWays(),
    findSession(),
    code === '' ? undefined : personOfLink(code).catch((error: Error) => error),
  ])
  if (link instanceof Error) return { ...ways, present, link: undefined, problem: link.message }
  return { ...ways, present, link: link === undefined ? undefined : { code, principal: link } }
}

export function Component(): ReactNode {
  const { provider, cookies, present, link, problem } = useLoaderData<Found>()
  const [params] = useSearchParams()
  const navigate = useNavigate()
  const [isGoing, setGoing] = useState(false)
  const [refused, setRefused] = useState(problem)
  const returnTo = ownPath(params.get('returnTo'))
  useEffect(() => {
    document.title = 'Sign in – Cadastre'
    // Another link that is opened on this very page changes the fragment alone.
    const another = (): void => location.reload()
    addEventListener('hashchange', another)
    return () => removeEventListener('hashchange', another)
  }, [])
  const redeem = async (code: string): Promise<void> => {
    setGoing(true)
    try {
      // Whoever was signed in here would otherwise stay so, without a browser that can end it.
      if (present) await endSession(present.tokenId).catch(() => {})
      await openSession(code)
      queries.clear()
      await navigate(returnTo, { replace: true })
    } catch (error) {
      setGoing(false)
      setRefused((error as Error).message)
    }
  }
  return (
    <main style={{ maxInlineSize: 560, margin: '12vh auto', padding: '0 16px' }}>
      <Container header={<Header variant="h1">Sign in to Cadastre</Header>}>
        <SpaceBetween size="l">
          {refused === undefined ? null : (
            <Alert type="error" header="You are not signed in">
              <bdi className="text">{refused}</bdi>
            </Alert>
          )}
          {cookies ? null : (
            <Alert type="warning" header="Nobody can sign in here">
              A browser is signed in over TLS, or on the machine of the server. Set CADASTRE_PUBLIC_URL to the https
              address of the server.
            </Alert>
          )}
          {link && refused === undefined ? (
            <AskFirst
              as={nameOf(link.principal)}
              present={present && nameOf(present.principal)}
              isGoing={isGoing}
              confirm={() => void redeem(link.code)}
              decline={() => void navigate(present ? returnTo : '/sign-in', { replace: true })}
            />
          ) : (
            <>
              {present ? (
                <SpaceBetween size="s">
                  <Box>
                    This browser is signed in as <bdi className="text">{nameOf(present.principal)}</bdi>.
                  </Box>
                  <Button variant="primary" onClick={() => void navigate(returnTo)}>
                    {`Go on as ${nameOf(present.principal)}`}
                  </Button>
                </SpaceBetween>
              ) : null}
              {provider && cookies ? (
                <Button
                  variant={present ? 'normal' : 'primary'}
                  loading={isGoing}
                  onClick={() => {
                    setGoing(true)
                    // The server knows its pages without what a proxy puts before them.
                    location.assign(`${apiPath}/sign-in/browser?to=${encodeURIComponent(`/console${returnTo}`)}`)
                  }}
                >
                  Sign in with your organization
                </Button>
              ) : null}
              <Box>
                <p>At the server, an operator makes a link that signs one browser in, once:</p>
                <pre className="commands">cadastre operator console --principal user:NAME</pre>
              </Box>
            </>
          )}
        </SpaceBetween>
      </Container>
    </main>
  )
}

function AskFirst({
  as,
  present,
  isGoing,
  confirm,
  decline,
}: {
  as: string
  present: string | undefined
  isGoing: boolean
  confirm: () => void
  decline: () => void
}): ReactNode {
  return (
    <SpaceBetween size="m">
      <Box variant="h2">
        Sign in as <bdi className="text">{as}</bdi>?
      </Box>
      <Box>
        What you do from then on is on record as done by <bdi className="text">{as}</bdi>. Go on only if that is you and
        the link is from the operator of this server.
      </Box>
      {present === undefined ? null : (
        <Alert type={present === as ? 'info' : 'warning'} header={`This browser is signed in as ${present}`}>
          {present === as
            ? 'Signing in ends that session and begins another one.'
            : `Signing in ends that session. Every open tab goes on as ${as}.`}
        </Alert>
      )}
      <SpaceBetween size="xs" direction="horizontal">
        <Button variant="primary" loading={isGoing} onClick={confirm}>
          {`Sign in as ${as}`}
        </Button>
        <Button disabled={isGoing} onClick={decline}>
          {present === undefined ? 'Do not sign in' : `Stay ${present}`}
        </Button>
      </SpaceBetween>
    </SpaceBetween>
  )
}
