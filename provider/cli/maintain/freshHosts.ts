import type { Session } from "../verb";

/** Facts of a host are kept for the time of a session, and a maintenance changes them. */
export async function withFreshHosts<T>(session: Session, work: (session: Session) => Promise<T>): Promise<T> {
  const hosts = session.freshHosts();
  try {
    return await work({ ...session, hosts });
  } finally {
    await hosts.close();
  }
}
