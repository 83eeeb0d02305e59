// Starts the console.
import '@cloudscape-design/global-styles/index.css'
import './console.css'
import { applyMode, Mode } from '@cloudscape-design/global-styles'
import { QueryClientProvider } from '@tanstack/react-query'
import { createRoot } from 'react-dom/client'
import { RouterProvider } from 'react-router/dom'
import { queries } from './api/queries.ts'
import { chosenMode, darkQuery } from './parts/mode.ts'
import { router } from './routes.tsx'

const show = (): void => applyMode(chosenMode() === 'dark' ? Mode.Dark : Mode.Light)
show()
darkQuery.addEventListener('change', show)

createRoot(document.getElementById('root')!).render(
  <QueryClientProvider client={queries}>
    <RouterProvider router={router} />
  </QueryClientProvider>,
)
