using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace LoraDrop.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class AddExperiments : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<Guid>(
                name: "experiment_id",
                table: "jobs",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "held",
                table: "jobs",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<Guid>(
                name: "importance_of",
                table: "jobs",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "point",
                table: "jobs",
                type: "text",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "experiments",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    owner = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    settings = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    remarks = table.Column<string>(type: "text", nullable: false),
                    parallel = table.Column<int>(type: "integer", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    paused_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    finished_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    deleted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_experiments", x => x.id);
                });

            migrationBuilder.CreateIndex(
                name: "ix_jobs_experiment_id",
                table: "jobs",
                column: "experiment_id",
                filter: "experiment_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_experiments_open",
                table: "experiments",
                column: "id",
                filter: "finished_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_experiments_owner_id",
                table: "experiments",
                columns: new[] { "owner", "id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "experiments");

            migrationBuilder.DropIndex(
                name: "ix_jobs_experiment_id",
                table: "jobs");

            migrationBuilder.DropColumn(
                name: "experiment_id",
                table: "jobs");

            migrationBuilder.DropColumn(
                name: "held",
                table: "jobs");

            migrationBuilder.DropColumn(
                name: "importance_of",
                table: "jobs");

            migrationBuilder.DropColumn(
                name: "point",
                table: "jobs");
        }
    }
}
