using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace LoraDrop.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class AddImportanceByRank : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "energies",
                table: "importance",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "rank",
                table: "importance",
                type: "INTEGER",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "energies",
                table: "importance");

            migrationBuilder.DropColumn(
                name: "rank",
                table: "importance");
        }
    }
}
