"""What outlives the program: tables, migrations, engines, locks; and files of bars."""
