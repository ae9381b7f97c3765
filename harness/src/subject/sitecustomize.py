# Written by pidproof. Python imports this module at every start of this environment.
#
# The sqlite3 of this interpreter was built without the loading of extensions, and the subject needs it.
# A package with the same interface and its own SQLite takes its place, before anybody imports it.
import sys

import @module@
import @module@.dbapi2

sys.modules["sqlite3"] = @module@
sys.modules["sqlite3.dbapi2"] = @module@.dbapi2
