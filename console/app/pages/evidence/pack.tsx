// An evidence pack: all that is on record of a period and a part of the organization, in one signed file, for whoever audits.
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import ProgressBar from '@cloudscape-design/components/progress-bar'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useRef, useState } from 'react'
import { useSearchParams } from 'react-router'
import { nodes } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { ChoiceField, Form, TextField, useForm } from '../../parts/form.tsx'
import { save } from '../../parts/list.tsx'
import { Page } from '../../parts/page.tsx'
import { countText } from '../../parts/words.tsx'
import { type Taken, takePack } from './take-pack.ts'

export const loader = (): Promise<null> => load(nodes)

const everything = '*'
const dayPattern = /^\d{4}-\d{2}-\d{2}$/
const isDay = (text: string): boolean => dayPattern.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`))
const isMoment = (day: string): string => `${day}T00:00:00.000Z`
/** The day so many days from now, in UTC. */
const dayIn = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
const daysBack = 30

const sizeText = (bytes: number): string =>
  bytes < 1_048_576 ? `${countText(Math.ceil(bytes / 1_024))} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`

export function Component(): ReactNode {
  const [params, setParams] = useSearchParams()
  const { data: tree } = useQuery(nodes)
  const [taken, setTaken] = useState<Taken | undefined>()
  const [made, setMade] = useState<(Taken & { readonly name: string }) | undefined>()
  const leaving = useRef<AbortController | undefined>(undefined)
  const form = useForm({
    initial: {
      from: params.get('from') ?? dayIn(-daysBack),
      until: params.get('until') ?? dayIn(1),
      node: params.get('node') ?? everything,
    },
    checks: {
      from: (value) => (isDay(value) ? undefined : 'Say a day as YYYY-MM-DD.'),
      until: (value, { from }) =>
        !isDay(value) ? 'Say a day as YYYY-MM-DD.' : value <= from ? 'It is a day after the first one.' : undefined,
    },
    call: async ({ from, until, node }) => {
      const isAll = node === everything
      setParams({ from, until, ...(isAll ? {} : { node }) }, { replace: true })
      setMade(undefined)
      const stop = new AbortController()
      leaving.current = stop
      try {
        const query = { from: isMoment(from), until: isMoment(until), ...(isAll ? {} : { node }) }
        const pack = await takePack(String(new URLSearchParams(query)), stop.signal, setTaken)
        const name = `evidence-${from}-${until}${isAll ? '' : `-${node}`}.ndjson`
        save(name, pack.file)
        return { name, bytes: pack.bytes, lines: pack.lines }
      } catch (error) {
        if (stop.signal.aborted) throw new Error('You have stopped it, and nothing was saved.')
        throw error
      } finally {
        setTaken(undefined)
      }
    },
    after: setMade,
  })
  const { from, until, node } = form.values
  const file = made?.name ?? `evidence-${from}-${until}.ndjson`
  const flags = `--from ${isDay(from) ? isMoment(from) : 'TIME'} --until ${isDay(until) ? isMoment(until) : 'TIME'}${node === everything ? '' : ` --node ${node}`}`
  const options = [
    { value: everything, label: 'Everything', description: 'For whoever may see everything' },
    ...(tree?.items ?? []).map(({ nodeId, name }) => ({ value: nodeId, label: name ?? nodeId, description: nodeId })),
  ]
  return (
    <Page
      title="Evidence pack"
      description="All that is on record of a period and a part of the organization, with its proofs, in one signed file."
      commands={[`cadastre audit pack --to ${file} ${flags}`, `cadastre audit verify ${file} --key KEY`]}
      requests={[`/evidence/pack?from=${from}T00:00:00Z&until=${until}T00:00:00Z`]}
    >
      <Container header={<Header variant="h2">What it is of</Header>}>
        <Form form={form} act="Make it and save it">
          <TextField form={form} name="from" label="From, the first day" hint="In UTC, as YYYY-MM-DD." />
          <TextField
            form={form}
            name="until"
            label="Until, the day after the last one"
            hint="In UTC; it is not in the pack."
          />
          <ChoiceField
            form={form}
            name="node"
            label="Part of the organization"
            hint="With all below it. Whoever may not see everything chooses a part, and gets what they may see of it."
            options={options}
          />
          {form.isBusy ? (
            <SpaceBetween size="s">
              <ProgressBar
                status="in-progress"
                label="The server writes it as it reads"
                additionalInfo={
                  taken ? `${countText(taken.lines)} lines, ${sizeText(taken.bytes)} so far` : 'It begins'
                }
                value={100}
              />
              <Button formAction="none" onClick={() => leaving.current?.abort()}>
                Stop
              </Button>
            </SpaceBetween>
          ) : null}
        </Form>
      </Container>
      {made ? (
        <Alert type="success" header="It is saved">
          <bdi className="text">{made.name}</bdi>: {countText(made.lines)} lines, {sizeText(made.bytes)}, with its
          signature.
        </Alert>
      ) : null}
      <Container header={<Header variant="h2">How to verify it</Header>}>
        <SpaceBetween size="s">
          <Box>
            Whoever gets it needs the file, the command line on any machine, and the public key of this log, which they
            should have from somebody else than who hands them the file:
          </Box>
          <pre className="commands">{`cadastre audit verify ${file} --key KEY`}</pre>
          <Box>
            It says what of the pack the log proves, and what its signature alone stands for. One line that was changed,
            added or taken out is found, and its number is told.
          </Box>
        </SpaceBetween>
      </Container>
    </Page>
  )
}
