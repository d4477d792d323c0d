export interface Natives {
  readonly package: string
  readonly files: Readonly<Record<string, string>>
}
export type Pins = Readonly<Record<string, Natives>>
export const look: (folder: string, module: string) => Natives
export const differences: (folder: string, pins: Pins) => ReadonlyArray<string>
export const pins: () => Pins
export const verify: () => boolean
