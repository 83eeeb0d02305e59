// What the colours and patterns of a map mean.
import { type ReactNode, useEffect, useRef } from 'react'
import {
  type Colouring,
  fill,
  findingPaint,
  fullSteps,
  lines,
  type Paint,
  paintOfName,
  several,
  states,
} from './looks.ts'

const stateWords = [
  [states.free, 'free'],
  [states.allocated, 'allocated (also to pools below)'],
  [states.held, 'held'],
  [states.resting, 'resting'],
  [states.outside, 'no space here, dashed'],
] as const

export function Legend({
  by,
  names,
  hasFindings,
}: {
  by: Colouring
  names: readonly string[]
  hasFindings: boolean
}): ReactNode {
  const entries: readonly (readonly [Paint, string])[] =
    by === 'state'
      ? stateWords
      : by === 'utilization'
        ? fullSteps.map(({ paint, words }) => [paint, words] as const)
        : [
            ...names.map((name, index) => [paintOfName(index), name] as const),
            [several, by === 'owner' ? 'of several, or not for you to see' : 'several, or none'],
          ]
  return (
    <div className="counts">
      {entries.map(([paint, words]) => (
        <span key={words} className="tree-name">
          <span aria-hidden="true" className="tree-name">
            <Swatch paint={paint} />
          </span>
          <bdi>{words}</bdi>
        </span>
      ))}
      {hasFindings ? (
        <span className="tree-name">
          <span aria-hidden="true" style={{ color: `light-dark(${findingPaint.light}, ${findingPaint.dark})` }}>
            ◥
          </span>
          outside policy
        </span>
      ) : null}
    </div>
  )
}

const side = 16
/** Drawn as tiles are. */
function Swatch({ paint }: { paint: Paint }): ReactNode {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const draw = (): void => {
      const scheme = document.body.classList.contains('awsui-dark-mode') ? 'dark' : 'light'
      const to = canvas.current!.getContext('2d')!
      to.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0)
      fill(to, { x: 0, y: 0, width: side, height: side }, paint, scheme)
      to.strokeStyle = lines[scheme]
      to.strokeRect(0.5, 0.5, side - 1, side - 1)
    }
    draw()
    const modes = new MutationObserver(draw)
    modes.observe(document.body, { attributes: true, attributeFilter: ['class'] })
    return () => modes.disconnect()
  }, [paint])
  return (
    <canvas
      ref={canvas}
      width={side * devicePixelRatio}
      height={side * devicePixelRatio}
      style={{ inlineSize: side, blockSize: side, alignSelf: 'center' }}
    />
  )
}
