// The log of evidence: how far it goes, who signs it, and whether it still is what it was.
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useNavigate } from 'react-router'
import { parseVerifierKey } from '#model/evidence/note.ts'
import { api, type Schemas } from '../../api/client.ts'
import { ask, load, queries, type Read } from '../../api/queries.ts'
import { moment, said, word } from '../../parts/columns.tsx'
import { Facts } from '../../parts/facts.tsx'
import { Form, TextField, useForm } from '../../parts/form.tsx'
import { type Column, List, type ListOf } from '../../parts/list.tsx'
import { Page, Wrong } from '../../parts/page.tsx'
import { useShell } from '../../parts/shell-context.ts'
import { Count, Moment, Said } from '../../parts/words.tsx'
import { Checked, worth } from './checked.tsx'
import { checkpointIn, forgetLog, type Kept, keepOfLog, keptOfLog } from './kept.ts'

const evidence = ask(['evidence'], (signal) => api.GET('/evidence', { signal }))
export const loader = (): Promise<null> => load(evidence)

type Witness = Schemas['EvidenceWitness']
const witnesses: Read<ListOf<Witness>> = {
  queryKey: ['evidence', 'witnesses'],
  queryFn: async () => ({ items: (await queries.fetchQuery(evidence)).witnesses }),
}
const columns: readonly Column<Witness>[] = [
  said('name', 'Witness', 180, (row) => row.name),
  {
    id: 'current',
    header: 'Newest checkpoint',
    width: 130,
    cell: (row) => (row.isCurrent ? 'signed' : 'not yet'),
    text: (row) => (row.isCurrent ? 'signed' : 'not yet'),
  },
  word('size', 'Has seen', 100, (row) => row.size),
  moment('Signed last', (row) => row.cosignedAt),
  said('problem', 'Problem', 200, (row) => row.problem),
]

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' })
/** How long ago something was, in its largest unit. */
function ageText(at: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1_000))
  const units = [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
  ] as const
  const [unit, length] = units.find(([, length]) => seconds >= length) ?? (['second', 1] as const)
  return relative.format(-Math.floor(seconds / length), unit)
}

export function Component(): ReactNode {
  const { data, error, dataUpdatedAt } = useQuery(evidence)
  const [kept, setKept] = useState(keptOfLog)
  const navigate = useNavigate()
  const check = useMutation({
    mutationFn: async () => (await import('./check.ts')).checkLog(data?.keys ?? []),
    onSettled: () => setKept(keptOfLog()),
  })
  const record = useForm({
    initial: { change: '' },
    checks: {
      change: (value) =>
        /^\d{1,16}$/.test(value.trim()) ? undefined : 'Say its number, as the record shows it, such as 4711.',
    },
    call: async ({ change }) => change.trim(),
    after: (change) => void navigate(`/evidence/verify?change=${change}`),
  })
  const seen = checkpointIn(kept?.checkpoint)
  return (
    <Page
      title="Evidence"
      description="The record is a log that only grows: each change and refusal is in it, and it is signed every minute in which there is something new."
      actions={
        <Button variant="primary" onClick={() => void navigate('/evidence/pack')}>
          Make an evidence pack
        </Button>
      }
      commands={['cadastre evidence show', 'cadastre audit key', `cadastre audit verify ${location.origin} --key KEY`]}
      requests={['/evidence', '/evidence/log/checkpoint']}
    >
      {error ? <Wrong error={error} /> : null}
      {data ? (
        <Facts
          title="The log"
          facts={[
            ['Called', <Said key="o">{data.origin}</Said>],
            ['Records in it', <Count key="s" of={data.size} />],
            ['Signed last', data.signedAt === undefined ? 'not yet' : <Moment key="w" at={data.signedAt} />],
            ['Its age', data.signedAt === undefined ? undefined : ageText(data.signedAt, dataUpdatedAt)],
          ]}
        />
      ) : null}
      <Container
        header={
          <Header
            variant="h2"
            description={worth}
            actions={
              <Button loading={check.isPending} onClick={() => check.mutate()}>
                Verify now
              </Button>
            }
          >
            Verify in this browser
          </Header>
        }
      >
        <SpaceBetween size="l">
          {check.isIdle ? (
            <Box>
              {seen ? (
                <>
                  This browser has checked the log up to <Count of={seen.size} /> records on <Moment at={kept?.at} />,
                  and holds the next checkpoint against that.
                </>
              ) : (
                'This browser has not checked the log yet. It keeps the checkpoint of each check, and holds the next one against it.'
              )}
            </Box>
          ) : (
            <Checked report={check.data} error={check.error} />
          )}
          <Form form={record} act="Verify this record">
            <TextField
              form={record}
              name="change"
              label="A record, by its number"
              hint="Every change and every refusal has one. Pages of changes and decisions have a button for theirs."
              placeholder="4711"
            />
          </Form>
        </SpaceBetween>
      </Container>
      <Keys shown={data?.keys ?? []} kept={kept} setKept={setKept} />
      {data ? (
        <List
          title="Witnesses"
          description="Logs elsewhere that sign this one while it only grows: where they do, nobody here can show two histories."
          query={witnesses}
          columns={columns}
          keyOf={(row) => row.name}
          empty="No other log signs this one. Whoever runs the server names some with CADASTRE_WITNESSES."
        />
      ) : null}
    </Page>
  )
}

function Keys({
  shown,
  kept,
  setKept,
}: {
  shown: readonly string[]
  kept: Kept | undefined
  setKept: (kept: Kept | undefined) => void
}): ReactNode {
  const { tell } = useShell()
  const isSame = kept?.isBrought === true && kept.keys.some((key) => shown.includes(key))
  const form = useForm({
    initial: { key: '' },
    checks: {
      key: (value) =>
        /^\S+\+[0-9a-f]{8}\+\S+$/.test(value.trim())
          ? undefined
          : 'A key is one line, such as cadastre/059bb+a1b2c3d4+AV0z…, as `cadastre audit key` prints it.',
    },
    call: async ({ key }) => {
      const { withBrowserCrypto } = await import('./browser-crypto.ts')
      const text = key.trim()
      if (!(await withBrowserCrypto(({ sha256 }) => parseVerifierKey(sha256, text))))
        throw new Error('This is no key: what stands between the two signs + does not fit what stands behind them.')
      keepOfLog({ ...keptOfLog(), keys: [text], isBrought: true })
    },
    after: () => setKept(keptOfLog()),
  })
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="Everything here is proven by this key alone. So get it from somebody else than this page, and compare: whoever runs the server has it from the command cadastre audit key, and may have published it."
          actions={
            <Button
              disabled={kept === undefined}
              disabledReason="This browser keeps nothing of this log yet."
              onClick={() => {
                forgetLog()
                setKept(undefined)
                tell('success', 'This browser has forgotten the key and the checkpoint.')
              }}
            >
              Forget what this browser keeps
            </Button>
          }
        >
          The public key
        </Header>
      }
    >
      <SpaceBetween size="l">
        {shown.length === 0 ? (
          <Box>
            This page shows no key: it is shown to whoever may read the record of everything. Bring it from elsewhere.
          </Box>
        ) : (
          shown.map((key, index) => (
            <SpaceBetween key={key} size="xxs">
              <Box variant="awsui-key-label">{index === 0 ? 'Signs now' : 'Signed before'}</Box>
              <pre className="commands">{key}</pre>
              <CopyToClipboard
                copyButtonText="Copy"
                copySuccessText="Copied"
                copyErrorText="Not copied"
                textToCopy={key}
              />
            </SpaceBetween>
          ))
        )}
        {kept?.isBrought ? (
          <Alert
            type={isSame || shown.length === 0 ? 'success' : 'error'}
            header={isSame ? 'They are the same' : shown.length === 0 ? 'Your key is kept' : 'They are not the same'}
          >
            {isSame || shown.length === 0
              ? 'This browser goes by the key that you have brought.'
              : 'The key that you have brought is none that this server shows. Either it is of another installation, or what signs here is not what you were told.'}
            <pre className="commands">{kept.keys.join('\n')}</pre>
          </Alert>
        ) : null}
        <Form form={form} act="Compare, and go by this key">
          <TextField
            form={form}
            name="key"
            label="A key that you have from elsewhere"
            placeholder="NAME+HASH+KEY"
            hint="It is kept in this browser, and all checks go by it."
          />
        </Form>
      </SpaceBetween>
    </Container>
  )
}
