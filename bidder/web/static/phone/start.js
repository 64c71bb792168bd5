// The sale of this page. It stands first among the modules: it connects while the words are still on their way.

import { Sale } from "../sale.js";

export const sale = new Sale();
