import type { Operation, OperationInput, OperationResponse } from "@millrace/contract";
import { MillraceError, createClient } from "@millrace/sdk";
import { QueryCache, QueryClient, type UseQueryResult, useQuery } from "@tanstack/react-query";

/** Same origin; the session cookie travels by itself. */
export const client = createClient();

export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      // A session that ended is noticed by whichever question comes first; the shell looks at this one.
      if (isSignedOut(error) && query.queryKey[0] !== "governance.me") void queryClient.invalidateQueries({ queryKey: ["governance.me"] });
    },
  }),
  defaultOptions: {
    queries: {
      retry: (count, error) => count < 1 && !(error instanceof MillraceError && error.status < 500),
      // The server may be on this machine: whether there is a network says nothing.
      networkMode: "always",
      refetchOnWindowFocus: true,
      staleTime: 1000,
    },
  },
});

/** A route of the contract as a live query: asked again every `everyMs`. */
export function useOperation<O extends Operation>(
  operation: O,
  input: OperationInput<O>,
  everyMs: number | false = 5000,
): UseQueryResult<OperationResponse<O>, Error> {
  return useQuery<OperationResponse<O>, Error>({
    queryKey: [operation, input],
    queryFn: ({ signal }) => client.call(operation, input, { signal }),
    refetchInterval: everyMs,
    // While another page of the same list loads, the old one stays; another thing's data never stands in.
    placeholderData: (previous, query) =>
      JSON.stringify(parametersOf(query?.queryKey[1])) === JSON.stringify(parametersOf(input)) ? previous : undefined,
  });
}

function parametersOf(input: unknown): unknown {
  return (input as { parameters?: unknown } | undefined)?.parameters ?? {};
}

export function isUnreachable(error: unknown): boolean {
  return error instanceof MillraceError && error.code === "server_unreachable";
}

export function isSignedOut(error: unknown): boolean {
  return error instanceof MillraceError && error.status === 401;
}
