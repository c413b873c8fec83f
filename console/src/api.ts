import type { Operation, OperationInput, OperationResponse } from "@millrace/contract";
import { MillraceError, createClient } from "@millrace/sdk";
import { QueryClient, type UseQueryResult, useQuery } from "@tanstack/react-query";

/** Same origin; the session cookie travels by itself. */
export const client = createClient();

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (count, error) => count < 2 && !(error instanceof MillraceError && error.status < 500),
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
    placeholderData: (previous) => previous,
  });
}

export function isSignedOut(error: unknown): boolean {
  return error instanceof MillraceError && error.status === 401;
}
