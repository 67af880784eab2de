"""Who may see what: the sign-in, the roles and their rows, and the audit trail of what was seen and exported.

It may import etl.warehouse and the floors below it. Entry points: `scope.question_within` restricts a
question to a person's rights, `audit.record` adds to the trail. It also exports the types of [access].
"""

from etl.config.access import EVERYTHING, Access, Person, Scope, ended, person_of

__all__ = ["EVERYTHING", "Access", "Person", "Scope", "ended", "person_of"]
