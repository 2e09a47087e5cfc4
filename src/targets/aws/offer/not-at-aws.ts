import { UserError } from '../../../errors.js';

/** Settings for AWS name something that does not exist, that contradicts another one, or that the account does not
 * allow. */
export class NotAtAws extends UserError {}
