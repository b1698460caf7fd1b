// Starts every element of the house; each stands alone, and the page works without all of them.
import "elinkages/auto-submit";
import "elinkages/command-palette";
import "elinkages/confirm-dialog";
import "elinkages/copy-button";
import "elinkages/drag-board";
import "elinkages/go-on";
import "elinkages/keys-help";
import "elinkages/page-keys";
import "elinkages/passkey-form";
import "elinkages/row-selection";
import "elinkages/slug-suggestion";
import "elinkages/submit-once";
import "elinkages/theme-switch";
import "elinkages/toast-list";
import "elinkages/wide-tables";
