/** What the voice server does wrong on purpose. Read whenever it matters, so it may change while clients are connected. */
export type VoiceFaults = {
  /** How many IP discovery requests stay unanswered from now on. */
  dropDiscoveries: number;
  /** Heartbeats stay unanswered. */
  dropHeartbeatAcks: boolean;
  /** What new websockets are told; at first as Discord's. */
  heartbeatIntervalMs: number;
  /** New sessions are refused with this code. */
  refuseWith: number | undefined;
  /** Op 7 is answered by closing with 4006. */
  refuseResume: boolean;
  /** Op 7 is answered only after this time. */
  resumeDelayMs: number;
  /** Missed messages come before op 9 instead of after it. */
  replayBeforeResumed: boolean;
  /** Nobody learns which SSRC is whose (op 5). */
  omitSpeaking: boolean;
  /** By user: op 5 about them comes so many ms late, also to those who come later; with Infinity never. */
  readonly speakingDelaysMs: Map<string, number>;
  /** Users who get no media. */
  readonly deafened: Set<string>;
  /** Nobody learns who is there (op 11). */
  omitClientsConnect: boolean;
};

export function noVoiceFaults(): VoiceFaults {
  return {
    dropDiscoveries: 0,
    dropHeartbeatAcks: false,
    heartbeatIntervalMs: 13_750,
    refuseWith: undefined,
    refuseResume: false,
    resumeDelayMs: 0,
    replayBeforeResumed: true,
    omitSpeaking: false,
    speakingDelaysMs: new Map(),
    deafened: new Set(),
    omitClientsConnect: false,
  };
}
