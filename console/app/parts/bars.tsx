// The one chart of counts: a bar for each row, in parts. Its axis has whole numbers alone: there is no half of a request.
import BarChart from '@cloudscape-design/components/bar-chart'
import type { ReactNode } from 'react'

export interface Series<T> {
  readonly title: string
  readonly color: string
  readonly of: (row: T) => number
}

/** A shorter axis would have its marks between whole numbers. */
const axisMin = 4
export const wholeText = (value: number): string => (Number.isInteger(value) ? String(value) : '')

export function Bars<T>({
  rows,
  label,
  series,
  height,
  isHorizontal = false,
  ariaLabel,
  what,
  by,
  legend,
  empty,
}: {
  rows: readonly T[]
  label: (row: T) => string
  series: readonly Series<T>[]
  height: number
  isHorizontal?: boolean
  ariaLabel: string
  /** What is counted, and what a bar stands for. */
  what: string
  by: string
  legend: string
  empty: string
}): ReactNode {
  const highest = Math.max(axisMin, ...rows.map((row) => series.reduce((sum, one) => sum + one.of(row), 0)))
  return (
    <BarChart
      stackedBars
      hideFilter
      horizontalBars={isHorizontal}
      height={height}
      xScaleType="categorical"
      xDomain={rows.map(label)}
      yDomain={[0, highest]}
      series={series.map((one) => ({
        type: 'bar',
        title: one.title,
        color: one.color,
        data: rows.map((row) => ({ x: label(row), y: one.of(row) })),
      }))}
      ariaLabel={ariaLabel}
      i18nStrings={{
        yTickFormatter: wholeText,
        chartAriaRoleDescription: 'bar chart',
        xAxisAriaRoleDescription: by,
        yAxisAriaRoleDescription: what,
        detailPopoverDismissAriaLabel: 'Close',
        legendAriaLabel: legend,
      }}
      empty={empty}
    />
  )
}
