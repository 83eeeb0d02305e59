// Which methods a path has: what has another one is told so, and is not told that nothing is there.

interface Route {
  readonly method: string | readonly string[]
  readonly url: string
}

export interface Allowed {
  add(route: Route): void
  /** The methods of whatever routes the path is of, HEAD with GET; none where there is no such route. */
  of(path: string): string[]
}

export function createAllowed(): Allowed {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = []
  return {
    add({ method, url }) {
      const source = url.replaceAll(/:\w+/g, '[^/]+').replaceAll('*', '.*')
      routes.push({ pattern: new RegExp(`^${source}$`), methods: [method].flat() })
    },
    of(path) {
      const found = new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods))
      if (found.has('GET')) found.add('HEAD')
      return [...found].sort()
    },
  }
}
