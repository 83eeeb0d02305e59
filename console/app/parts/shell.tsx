// The frame: navigation, search from anywhere, what was done or went wrong, and the same on the command line.
import AppLayout from '@cloudscape-design/components/app-layout-toolbar'
import Box from '@cloudscape-design/components/box'
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard'
import Flashbar, { type FlashbarProps } from '@cloudscape-design/components/flashbar'
import HelpPanel from '@cloudscape-design/components/help-panel'
import Input, { type InputProps } from '@cloudscape-design/components/input'
import SideNavigation, { type SideNavigationProps } from '@cloudscape-design/components/side-navigation'
import SpaceBetween from '@cloudscape-design/components/space-between'
import TopNavigation from '@cloudscape-design/components/top-navigation'
import { applyMode, Mode } from '@cloudscape-design/global-styles'
import { useQuery } from '@tanstack/react-query'
import { lazy, type ReactNode, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { Outlet, useLocation, useNavigate, useNavigation } from 'react-router'
import { apiPath, consolePath, endSession, isAlive, type Session, watchers } from '../api/client.ts'
import { queries, session } from '../api/queries.ts'
import { chooseMode, chosenMode } from './mode.ts'
import { type Same, ShellContext, type Shell as ShellOf } from './shell-context.ts'

const pages: SideNavigationProps.Item[] = [
  { type: 'link', text: 'Overview', href: '/' },
  { type: 'link', text: 'Waiting for me', href: '/waiting' },
  {
    type: 'section-group',
    title: 'Space',
    items: [
      { type: 'link', text: 'Address space', href: '/pools' },
      { type: 'link', text: 'Allocations', href: '/allocations' },
      { type: 'link', text: 'Estate', href: '/sources' },
    ],
  },
  {
    type: 'section-group',
    title: 'Policy',
    items: [
      { type: 'link', text: 'Decisions', href: '/decisions' },
      { type: 'link', text: 'Try it', href: '/try' },
      { type: 'link', text: 'Policies', href: '/policies' },
      { type: 'link', text: 'Exceptions', href: '/exceptions' },
      { type: 'link', text: 'Change requests', href: '/change-requests' },
    ],
  },
  {
    type: 'section-group',
    title: 'Compliance',
    items: [
      { type: 'link', text: 'Compliance', href: '/compliance' },
      { type: 'link', text: 'Findings', href: '/findings' },
      { type: 'link', text: 'Record', href: '/changes' },
      { type: 'link', text: 'Evidence', href: '/evidence' },
    ],
  },
  {
    type: 'section-group',
    title: 'Access',
    items: [
      { type: 'link', text: 'Organization', href: '/organization' },
      { type: 'link', text: 'Roles', href: '/roles' },
      { type: 'link', text: 'Tokens and sessions', href: '/tokens' },
    ],
  },
]

const SignInAgain = lazy(async () => ({ default: (await import('./sign-in-again.tsx')).SignInAgain }))

/** Without these, the button that opens the stack has no name. */
const flashWords = {
  ariaLabel: 'Messages',
  notificationBarAriaLabel: 'Show all messages',
  notificationBarText: 'Messages',
  errorIconAriaLabel: 'Error',
  warningIconAriaLabel: 'Warning',
  successIconAriaLabel: 'Success',
  infoIconAriaLabel: 'Information',
  inProgressIconAriaLabel: 'In progress',
}
/** How many messages stay: the oldest goes. */
const flashesMax = 5
/** While the server is away, it is asked whether it is back: no oftener than anything else is polled. */
const awayPollMs = 10_000

export function Shell(): ReactNode {
  const navigate = useNavigate()
  const location = useLocation()
  const { state } = useNavigation()
  const { data: me } = useQuery(session)
  const [same, setSame] = useState<Same>({ commands: [], requests: [] })
  const [mode, setMode] = useState(chosenMode())
  const [toolsOpen, setToolsOpen] = useState(false)
  const [navigationOpen, setNavigationOpen] = useState(matchMedia('(min-width: 900px)').matches)
  const [flashes, setFlashes] = useState<{ id: string; type: 'success' | 'error' | 'info'; text: string }[]>([])
  const [isAway, setAway] = useState(false)
  const [isOver, setOver] = useState(false)
  const [sought, setSought] = useState('')
  const search = useRef<InputProps.Ref>(null)

  const tell = useCallback<ShellOf['tell']>((type, text) => {
    const id = crypto.randomUUID()
    setFlashes((before) => [{ id, type, text }, ...before].slice(0, flashesMax))
  }, [])
  const shell = useMemo(() => ({ setSame, tell }), [tell])

  // What was sought says where somebody is, as long as they are there.
  const isOfSearch = /^\/(search|address|account)\b/.test(location.pathname)
  useEffect(() => {
    if (!isOfSearch) setSought('')
  }, [isOfSearch])
  useEffect(() => {
    watchers.isAway = setAway
    watchers.sessionEnded = () => setOver(true)
    const toSearch = (event: KeyboardEvent): void => {
      const on = event.target as HTMLElement
      if (
        event.key !== '/' ||
        event.ctrlKey ||
        event.metaKey ||
        on.matches('input, textarea, select, [contenteditable]')
      )
        return
      event.preventDefault()
      // In a narrow window the field is folded away: the page of the search has one, too.
      if (search.current) search.current.focus()
      else void navigate('/search')
    }
    addEventListener('keydown', toSearch)
    return () => removeEventListener('keydown', toSearch)
  }, [navigate])
  useEffect(() => {
    if (!isAway) return
    const look = async (): Promise<void> => {
      if (!(await isAlive())) return
      setAway(false)
      await queries.invalidateQueries()
    }
    const timer = setInterval(look, awayPollMs)
    // The browser knows sooner where the way was cut on this side.
    addEventListener('online', look)
    return () => {
      clearInterval(timer)
      removeEventListener('online', look)
    }
  }, [isAway])

  const others = useRef<BroadcastChannel | undefined>(undefined)
  const resume = useCallback(async (): Promise<void> => {
    const before = queries.getQueryData<Session>(session.queryKey)
    const now = await queries.fetchQuery({ ...session, staleTime: 0 }).catch(() => undefined)
    if (!now) return
    // What somebody else has loaded or typed is nothing for whoever is signed in now.
    if (before && before.principal !== now.principal) return window.location.assign(`${consolePath}/`)
    if (before?.tokenId === now.tokenId) return setOver(false)
    setOver(false)
    others.current?.postMessage('signed in')
    await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' })
  }, [])
  useEffect(() => {
    // All tabs of one browser have one session: who signs in or out in one has done so in all.
    const channel = new BroadcastChannel('cadastre-session')
    channel.onmessage = () => void resume()
    channel.postMessage('signed in')
    others.current = channel
    return () => channel.close()
  }, [resume])
  const signOut = async (): Promise<void> => {
    // Where the session is over already, nobody is signed in either.
    if (me) await endSession(me.tokenId).catch(() => {})
    others.current?.postMessage('signed out')
    queries.clear()
    await navigate('/sign-in')
  }
  const items: FlashbarProps.MessageDefinition[] = [
    ...(isAway
      ? [
          {
            id: 'away',
            type: 'warning' as const,
            loading: true,
            content:
              'The server does not answer. What you typed is kept, and this page goes on by itself once it is back.',
          },
        ]
      : []),
    ...flashes.map(({ id, type, text }) => ({
      id,
      type,
      content: <bdi className="text">{text}</bdi>,
      dismissible: true,
      dismissLabel: 'Dismiss',
      onDismiss: () => setFlashes((before) => before.filter((one) => one.id !== id)),
    })),
  ]
  const section = pages
    .flatMap((one) => (one.type === 'section-group' ? [...one.items] : [one]))
    .flatMap((one) => (one.type === 'link' ? [one.href] : []))
    .findLast((href) => (href === '/' ? location.pathname === '/' : location.pathname.startsWith(href)))

  return (
    <ShellContext value={shell}>
      <div id="top">
        <TopNavigation
          identity={{
            href: `${consolePath}/`,
            title: 'Cadastre',
            onFollow: (event) => {
              event.preventDefault()
              void navigate('/')
            },
          }}
          search={
            <search>
              <form
                onSubmit={(event) => {
                  event.preventDefault()
                  if (sought.trim() !== '') void navigate(`/search?q=${encodeURIComponent(sought.trim())}`)
                }}
              >
                <Input
                  ref={search}
                  type="search"
                  value={sought}
                  onChange={({ detail }) => setSought(detail.value)}
                  placeholder="Address, CIDR, name, id or tag (press /)"
                  ariaLabel="Search everything"
                  clearAriaLabel="Clear"
                />
              </form>
            </search>
          }
          utilities={[
            {
              type: 'button',
              text: mode === 'dark' ? 'Light' : 'Dark',
              title: mode === 'dark' ? 'Show light' : 'Show dark',
              onClick: () => {
                const next = mode === 'dark' ? 'light' : 'dark'
                chooseMode(next)
                setMode(next)
                applyMode(next === 'dark' ? Mode.Dark : Mode.Light)
              },
            },
            {
              type: 'menu-dropdown',
              text: me?.principal.replace(/^user:/, '') ?? 'Nobody',
              description: me?.roles.map(({ role }) => role).join(', '),
              iconName: 'user-profile',
              items: [
                { id: 'tokens', text: 'Tokens and sessions' },
                { id: 'out', text: 'Sign out' },
              ],
              onItemClick: ({ detail }) => void (detail.id === 'out' ? signOut() : navigate('/tokens')),
            },
          ]}
          i18nStrings={{
            overflowMenuTriggerText: 'More',
            overflowMenuTitleText: 'All',
            searchIconAriaLabel: 'Search',
            searchDismissIconAriaLabel: 'Close search',
            overflowMenuDismissIconAriaLabel: 'Close',
            overflowMenuBackIconAriaLabel: 'Back',
          }}
        />
      </div>
      <AppLayout
        headerSelector="#top"
        navigationOpen={navigationOpen}
        onNavigationChange={({ detail }) => setNavigationOpen(detail.open)}
        navigationWidth={220}
        navigation={
          <SideNavigation
            activeHref={section ?? location.pathname}
            items={pages}
            onFollow={(event) => {
              if (event.detail.external) return
              event.preventDefault()
              if (!matchMedia('(min-width: 900px)').matches) setNavigationOpen(false)
              void navigate(event.detail.href)
            }}
          />
        }
        notifications={<Flashbar items={items} stackItems i18nStrings={flashWords} />}
        toolsOpen={toolsOpen}
        onToolsChange={({ detail }) => setToolsOpen(detail.open)}
        tools={<SamePanel same={same} />}
        content={
          <div aria-busy={state === 'loading'}>
            <Outlet />
            {isOver ? (
              <Suspense>
                <SignInAgain resume={resume} close={() => setOver(false)} />
              </Suspense>
            ) : null}
          </div>
        }
        ariaLabels={{
          navigation: 'Pages',
          navigationClose: 'Close pages',
          navigationToggle: 'Open pages',
          notifications: 'Messages',
          tools: 'The same on the command line',
          toolsClose: 'Close',
          toolsToggle: 'The same on the command line',
        }}
      />
    </ShellContext>
  )
}

/** Everything here can be had without it. */
function SamePanel({ same: { commands, requests } }: { same: Same }): ReactNode {
  const curl = requests.map(
    (path) => `curl -H "authorization: Bearer $CADASTRE_TOKEN" '${location.origin}${apiPath}${path}'`,
  )
  return (
    <HelpPanel header={<h2>The same on the command line</h2>}>
      <SpaceBetween size="m">
        {[...commands, ...curl].map((text) => (
          <SpaceBetween size="xxs" key={text}>
            <pre className="commands">{text}</pre>
            <CopyToClipboard
              copyButtonText="Copy"
              copySuccessText="Copied"
              copyErrorText="Not copied"
              textToCopy={text}
            />
          </SpaceBetween>
        ))}
        {commands.length + curl.length === 0 ? <Box>This page asks nothing of the server.</Box> : null}
      </SpaceBetween>
    </HelpPanel>
  )
}
