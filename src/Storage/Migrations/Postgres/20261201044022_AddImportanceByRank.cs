using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace LoraDrop.Storage.Migrations.Postgres
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
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "rank",
                table: "importance",
                type: "integer",
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
