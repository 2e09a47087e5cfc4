import { UserError } from '../../errors.js';

/** Something of a run is not here, or not as it was, so that it cannot be repeated. */
export class CannotReproduce extends UserError {}
