// Observations that are written already: what `--dry-run` printed where the credentials are, or what a script of somebody wrote.
import { readLines, writtenOf } from '#formats/observations.ts'
import { type Around, type Collected, type Collector, SourceTrouble } from './collector.ts'

export const ndjson: Collector = {
  kind: 'ndjson',
  summary:
    'Read a snapshot that is written already: what `--dry-run` of another collector printed, or a script of yours.',
  options: [{ flag: 'file', value: 'FILE', meaning: 'The snapshot; `-` is the standard input.', isRequired: true }],
  rights: { words: 'None: it reads one file.' },
  collect,
}

/** Whoever wrote it has listed what there is: when that was, and what was not listed, is theirs to say. */
async function* collect({ options, read, note }: Around): AsyncGenerator<Collected> {
  const isSkipped = options.get('on-problem') === 'skip'
  let observations = 0
  let problems = 0
  let place: 'head' | 'inside' | 'behind' = 'head'
  for await (const line of readLines(read(options.get('file')!))) {
    const where = `Line ${line.line}`
    if (place === 'behind') throw new SourceTrouble(`${where} stands behind the end of the snapshot.`)
    if ('wrong' in line) {
      const { field, value, problem } = line.wrong
      const said = `${where}: \`${field}\`: \`${value}\`: ${problem}.`
      if (!isSkipped || place === 'head')
        throw new SourceTrouble(`${said}${place === 'head' ? '' : ' `--on-problem skip` leaves such lines out.'}`)
      note(said)
      problems++
      // The end counts it.
      observations++
    } else if ('head' in line) {
      if (place !== 'head') throw new SourceTrouble(`${where} is a second head of a snapshot.`)
      place = 'inside'
      yield { begunAt: line.head.takenAt }
    } else if (place === 'head') {
      throw new SourceTrouble(`${where} is to be the head of a snapshot: \`{"snapshot":{"takenAt":…}}\`.`)
    } else if ('observations' in line) {
      observations++
      // All blocks of a range are one line.
      const [first] = line.observations
      if (first) yield { found: writtenOf(first) }
    } else {
      if (line.end.observations !== observations)
        throw new SourceTrouble(
          `${where} says that there are ${line.end.observations} observations, and there are ${observations}: the snapshot was cut off, or put together.`,
        )
      for (const unlisted of line.end.unlisted) yield { unlisted }
      place = 'behind'
    }
  }
  if (place !== 'behind') throw new SourceTrouble('It has no end: the snapshot was cut off.')
  if (problems > 0)
    yield { unlisted: { account: '', locale: '', reason: `${problems} of its lines could not be read.` } }
}
