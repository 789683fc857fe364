// Requests to the server. What fails because a connection is lost, or a proxy restarts, is tried again a few times.

import { pause } from "../../../web/requests.js";

const PAUSES_MS = [300, 1000, 3000];
const PASSING = [502, 503, 504]; // status codes of proxies

// A failure that may be over soon.
export class Unreachable extends Error {
  constructor(message = "The server cannot be reached.") {
    super(message);
  }
}

// What `act` returns; if it throws `Unreachable`, it is called again after growing pauses.
export async function retried(act, signal) {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
    }
    await pause(pauseMs);
    signal?.throwIfAborted();
  }
  return act();
}

// The body of the response, read by `read(response)`. Throws an error with the message of the server.
export function requested(url, read, options = {}) {
  return retried(() => once(url, read, options), options.signal);
}

// The same, without a further attempt.
export async function once(url, read, options) {
  try {
    const response = await fetch(url, options);
    if (PASSING.includes(response.status)) throw new Unreachable();
    return await read(await checked(response));
  } catch (error) {
    throw error instanceof TypeError ? new Unreachable() : error; // how `fetch` says that there is no connection
  }
}

// The response, or an error with the message of the server.
export async function checked(response) {
  if (response.ok) return response;
  throw new Error((await response.text()) || `The server answered ${response.status}.`);
}
