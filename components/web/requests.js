// Requests of the tabs to the server.

const PAUSES_MS = [300, 1000, 3000]; // after attempts without a connection

// The JSON of the response. Throws an error with the message of the server.
export async function answered(address, options = {}) {
  const response = await sent(address, options);
  if (!response.ok) throw new Error((await response.text()) || `The server answered ${response.status}.`);
  return response.json();
}

export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function sent(address, options) {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await fetch(address, options);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      await pause(pauseMs);
    }
  }
  return fetch(address, options).catch(() => {
    throw new Error("The server cannot be reached.");
  });
}
