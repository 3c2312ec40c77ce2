/** Every read and every wait has a bound, and every bound has a reason. */

/** Bytes of a key file: an RSA-4096 key in PEM is 3.3 KiB, in an armored age file 5 KiB. */
export const keyFileMaxBytes: number = 64 * 1024;

/** Bytes that a command may print: a signature of ML-DSA-87 has 4,627, a public key in PEM 3.6 KiB. */
export const commandOutputMaxBytes: number = 64 * 1024;

/** Bytes of a service's answer: a key with a thousand versions is 200 KiB. */
export const answerMaxBytes: number = 1024 * 1024;

/** How long a service, a device or a command may take for one answer. */
export const defaultDeadlineMs = 30_000;

/** Passphrases that are tried for a key. */
export const passphraseTriesMax = 3;

/** Bytes of memory for a key file's scrypt: twice what cosign's parameters (N 65,536, r 8) need. */
export const scryptMaxBytes: number = 128 * 1024 * 1024;

/** Rounds of PBKDF2 of a key file of securesystemslib, which writes 100,000. */
export const pbkdf2RoundsMax = 10_000_000;
